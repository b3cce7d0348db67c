"""Random estates and requests for the tests that hold one evaluator against another.

:mod:`.drawing` draws documents, trees and estates from a :class:`~.drawing.Vocabulary`;
:mod:`.mail` has the words and requests of WorkMail, :mod:`.roles` those of role assumption.
"""
