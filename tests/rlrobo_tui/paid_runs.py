"""Runs that look as if a cloud had trained them."""

from cloud.ledger import Ledger
from cloud.local import CloudFiles
from cloud.records import CloudSpec, Pool
from engine.protocol.run_dir import RunDir

POOL = Pool(instance_type="c7i.large", zone="us-east-1a")


def send(run: RunDir) -> None:
    """Write down that the user sent it."""
    CloudFiles(run).write_spec(CloudSpec(run_id=run.id, region="us-east-1", bucket="b"))


def pay(run: RunDir, *spans: tuple[float, float, float]) -> None:
    """Write down begin, end (s) and price (dollars an hour) of an instance each."""
    ledger = Ledger(CloudFiles(run).ledger)
    for number, (begin, end, price) in enumerate(spans, start=1):
        ledger.charge(number, POOL, begin=begin, end=end, prices=(price, None))
