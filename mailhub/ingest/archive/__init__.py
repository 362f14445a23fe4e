"""Letters from archives: mbox files, Maildir folders, folders of ``.eml`` files, single letters; packed ones too.

``open_archive`` says what lies at a path and reads it piece by piece; ``arrival_of`` makes a piece a letter at the same
door as every other (``intake``), quiet; ``Progress`` remembers how far an import came.
"""

from mailhub.ingest.archive.opening import open_archive as open_archive
from mailhub.ingest.archive.pieces import Archive as Archive
from mailhub.ingest.archive.pieces import Piece as Piece
from mailhub.ingest.archive.progress import Progress as Progress
from mailhub.ingest.archive.taking import arrival_of as arrival_of
from mailhub.ingest.archive.taking import batches as batches
from mailhub.ingest.archive.taking import newest_row as newest_row
