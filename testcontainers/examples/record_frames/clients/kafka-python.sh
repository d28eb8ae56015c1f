#!/bin/sh
# kafka-python, as its own programs and as a library.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python3 -m venv python >&2
python/bin/pip install --quiet kafka-python==3.0.12
python/bin/python "$here/python/kafka_python.py"
