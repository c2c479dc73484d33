"""Assay: a record of every generation a miner makes, that loses nothing it has acknowledged.

    import assay

    log = assay.DataLogger("data", miner_uid=226, network="mainnet")
    gid = log.start_generation("TEXT-TO-3D", "a red cube")
    log.log_output(gid, ply=ply_bytes)
    log.log_submission(gid)
    log.finish(gid)
    log.log_feedback(gid, score=0.65)

`assay.aio` is the same for asyncio, `assay.compat` has the names of the old logger, and
`assay.history.read("data")` gives the records as a table.
"""

from . import errors, history
from .errors import RecorderError
from .logger import DataLogger

__all__ = ["DataLogger", "RecorderError", "errors", "history"]
