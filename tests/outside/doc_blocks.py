"""Writes the code blocks of a page whose first line names a file: `doc_blocks.py PAGE FOLDER LANGUAGE ...`.

The first line is a comment with the name alone, such as `// script.mjs` or `# test_connections.py`. Prints the names.
"""

import re
import sys
from pathlib import Path

page, folder, *languages = sys.argv[1:]
blocks = re.findall(r"^```(\w+)\n((?://|#) ([\w.-]+)\n.*?)^```$", Path(page).read_text(), re.DOTALL | re.MULTILINE)
found = [(name, text) for language, text, name in blocks if language in languages]
if not found:
    sys.exit(f"{page} has no block of {', '.join(languages)} that begins with the name of a file")
for name, text in found:
    (Path(folder) / name).write_text(text)
    print(name)
