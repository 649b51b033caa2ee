"""Files that change while they are read are an error, not an answer."""

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from gramian.errors import SourceError
from gramian.sources.open import as_source


def writers():
    def csv(path, rows):
        path.write_text("a\n" + "1\n" * rows)

    def parquet(path, rows):
        pq.write_table(pa.table({"a": np.arange(float(rows))}), path, row_group_size=100)

    def feather(path, rows):
        pyarrow.feather.write_feather(pa.table({"a": np.arange(float(rows))}), str(path), chunksize=100)

    return {"t.csv": csv, "t.parquet": parquet, "t.feather": feather}


@pytest.mark.parametrize("name", writers())
def test_a_file_that_changes_between_passes(name, tmp_path):
    write, path = writers()[name], tmp_path / name
    write(path, 300)
    source = as_source(path)
    source.parts(["a"], 100)
    write(path, 400)
    with pytest.raises(
        SourceError, match=rf"(?s){name} changed while it was being read: size and time.*Hint: fit again"
    ):
        source.parts(["a"], 100)
    path.unlink()
    with pytest.raises(SourceError, match=f"{name} changed while it was being read: it is gone"):
        source.parts(["a"], 100)


@pytest.mark.parametrize("name", writers())
def test_a_file_that_changes_within_a_pass(name, tmp_path):
    write, path = writers()[name], tmp_path / name
    write(path, 300)
    parts = as_source(path).parts(["a"], 50)
    tables = parts[-1].tables()
    next(tables)
    write(path, 200)
    with pytest.raises(SourceError, match=f"{name} changed while it was being read"):
        list(tables)
    path.unlink()
    with pytest.raises(SourceError, match=f"{name} changed while it was being read: it is gone"):
        list(parts[0].tables())


def test_a_file_in_memory_that_changes(tmp_path):
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe("/gramian-change/t.csv", b"a\n1\n")
    source = as_source("memory://gramian-change/t.csv")
    files.pipe("/gramian-change/t.csv", b"a\n1\n2\n")
    with pytest.raises(SourceError, match=r"t.csv changed while it was being read"):
        source.parts(["a"], 10)
