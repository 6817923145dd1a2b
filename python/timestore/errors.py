"""What can be wrong with a store. Misuse raises ValueError, TypeError or KeyError instead."""


class StoreError(Exception):
    """The store is at fault; the message names the file and the place in it."""


class NotAStore(StoreError):
    """There is no store in the directory, or none yet."""


class CorruptStoreError(StoreError):
    """The files do not hold what the commit record says."""


class UnsupportedVersion(StoreError):
    """The store was written by something newer than this package."""


class RowsReplaced(StoreError):
    """A file of this snapshot is gone, because somebody replaced the rows: take a new one."""
