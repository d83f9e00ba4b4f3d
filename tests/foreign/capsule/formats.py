"""How a leaf and a field are read is on the page of formats, and these two modules beside it."""
import os
import sys

FORMATS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../formats")
sys.path.insert(1, FORMATS)

import decode  # noqa: E402, F401
import sealed  # noqa: E402, F401
