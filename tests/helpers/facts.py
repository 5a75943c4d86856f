"""What a message has to say, whatever its words are."""

import re


def facts(*parts):
    """A pattern for ``pytest.raises(match=...)``: names, numbers and remedies, in this order."""
    return '(?s)' + '.*'.join(re.escape(str(part)) for part in parts)
