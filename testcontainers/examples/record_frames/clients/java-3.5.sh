#!/bin/sh
# Kafka's Java clients and tools of 3.5.
set -u
. "$(dirname "$0")/java.inc"
fetch 3.5.2 kafka_2.13 kafka-tools
. "$(dirname "$0")/java-tools.inc"
