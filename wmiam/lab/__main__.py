"""Write the widgets' module and style in one piece each: ``python -m wmiam.lab FOLDER``."""

from __future__ import annotations

import argparse
from pathlib import Path

from wmiam.lab.module import module_script, module_style

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m wmiam.lab", description=__doc__)
    parser.add_argument("folder", type=Path)
    target = parser.parse_args().folder
    (target / "wmiam-lab.mjs").write_text(module_script(), encoding="utf-8")
    (target / "wmiam-lab.css").write_text(module_style(), encoding="utf-8")
