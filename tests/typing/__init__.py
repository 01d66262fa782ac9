"""What users are promised about types: programs that the checkers must accept, and programs that they must refuse.

Nothing here is executed. `assert_type` fails where a type is not the one that is promised; a refused line carries the
code of the refusal, and a code that is no longer needed is itself an error.
"""
