"""The reader that docs/store.md gives to other groups reads what this program writes, and nothing else."""

import re
import zlib
from pathlib import Path

import pytest
from small_store import COLUMNS, jpeg

PAGE = Path(__file__).parents[2] / "docs" / "store.md"


@pytest.fixture(scope="module")
def read_shard():
    samples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    namespace = {}
    exec(next(sample for sample in samples if "def read_shard(" in sample), namespace)
    return namespace["read_shard"]


def test_it_reads_payloads_columns_and_metadata(read_shard, root):
    metadata, records, payloads = read_shard(root / "slides" / "A-2.shard")
    assert metadata == {"patient_id": "A", "name": "A-2", "key": {"version": 1}, "notes": {}}
    assert records["modality"] == ["tiles_10x", "tiles_5x", "tiles_10x", "tiles_10x", "tiles_5x"]
    assert set(COLUMNS) < set(records)
    for payload, cells, checksum in zip(payloads, records["cells"], records["crc32"], strict=True):
        assert bytes(payload) == jpeg(cells) or bytes(payload) == jpeg(cells + 1000)
        assert zlib.crc32(payload) == checksum


def test_it_refuses_a_torn_shard(read_shard, shard):
    whole = shard.read_bytes()
    for torn in (whole[:-1], whole + b"\0", whole[:-100] + b"?" + whole[-99:]):
        shard.write_bytes(torn)
        with pytest.raises(ValueError, match=str(shard)):
            read_shard(shard)
