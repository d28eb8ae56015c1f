#!/bin/sh
# receiver.sh FOLDER: makes FOLDER a cache of jars (KAFKA_JARS_CACHE) with a receiver of clients' metrics in it.
# A broker speaks GetTelemetrySubscriptions and PushTelemetry only if it is told `metric.reporters=Receiver`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${KAFKA_JARS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kafka-jars}
mkdir -p "$1"
cp -r "$cache"/* "$1"
for jars in "$1"/*; do
  touch "$jars/.complete"
  rm -f "$jars"/*.jsa
  javac -cp "$jars/*" -d "$jars/receiver" "$here/Receiver.java"
  jar cf "$jars/receiver.jar" -C "$jars/receiver" .
done
