package journal

import _ "modernc.org/sqlite"
