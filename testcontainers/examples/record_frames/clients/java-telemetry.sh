#!/bin/sh
# Clients that push their metrics (KIP-714): Kafka's own and librdkafka. Wants a broker that receives them:
#   java/receiver.sh FOLDER
#   KAFKA_JARS_CACHE=FOLDER cargo run … -- FRAMES metric.reporters=Receiver ./java-telemetry.sh
set -u
. "$(dirname "$0")/java.inc"
class_path="$KAFKA_JARS/*"
at="--bootstrap-server $KAFKA"
tool org.apache.kafka.tools.ClientMetricsCommand $at --alter --name all --interval 1000 \
  --metrics org.apache.kafka.consumer.fetch.manager.records.consumed.total,org.apache.kafka.producer.connection
tool org.apache.kafka.tools.ClientMetricsCommand $at --describe --name all
tool org.apache.kafka.tools.ClientMetricsCommand $at --list
say | tool org.apache.kafka.tools.ConsoleProducer $at --topic payments
tool org.apache.kafka.tools.consumer.ConsoleConsumer $at --topic payments --from-beginning --timeout-ms 8000
tool org.apache.kafka.tools.ClientMetricsCommand $at --delete --name all
