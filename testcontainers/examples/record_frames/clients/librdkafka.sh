#!/bin/sh
# librdkafka of today, through its Python binding; the one in kcat is years older.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python3 -m venv python >&2
python/bin/pip install --quiet confluent-kafka==2.16.1
python/bin/python "$here/python/librdkafka.py"
