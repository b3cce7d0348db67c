"""Results for other programs and for spreadsheets: JSON, CSV, Parquet, Excel workbooks, SARIF."""
