#!/bin/sh
# Kafka's Java clients and tools of 2.1 (2018), the oldest that a 4.x broker serves.
set -u
. "$(dirname "$0")/java.inc"
fetch 2.1.1 kafka_2.12 kafka-tools
at="--bootstrap-server $KAFKA"

for codec in none gzip snappy lz4 zstd; do
  say | tool kafka.tools.ConsoleProducer --broker-list "$KAFKA" --topic payments --compression-codec $codec \
    --property parse.key=true --property key.separator=:
done
say | tool kafka.tools.ConsoleProducer --broker-list "$KAFKA" --topic orders --producer-property enable.idempotence=true --request-required-acks all
tool kafka.tools.ConsoleConsumer $at --topic payments --from-beginning --max-messages 20 --isolation-level read_committed
tool kafka.tools.ConsoleConsumer $at --topic payments --group classic --from-beginning --max-messages 3
tool kafka.tools.ConsoleConsumer $at --topic payments --group classic --timeout-ms 25000 &
sleep 10
tool kafka.admin.ConsumerGroupCommand $at --describe --group classic --members --verbose
wait
groups=kafka.admin.ConsumerGroupCommand
tool $groups $at --list
tool $groups $at --describe --group classic
tool $groups $at --group classic --reset-offsets --to-earliest --topic payments --execute
tool $groups $at --group classic --delete
tool org.apache.kafka.tools.ProducerPerformance --topic payments --num-records 20 --record-size 40 --throughput -1 \
  --producer-props "bootstrap.servers=$KAFKA" --transactional-id performance --transaction-duration-ms 100
tool org.apache.kafka.tools.TransactionalMessageCopier --broker-list "$KAFKA" --input-topic payments --input-partition 0 --output-topic copies \
  --transactional-id copier --transaction-size 2 --consumer-group copier --max-messages 4
tool kafka.admin.ConfigCommand $at --describe --entity-type brokers --entity-name 1
tool kafka.admin.ConfigCommand $at --alter --entity-type brokers --entity-name 1 --add-config log.cleaner.threads=1
tokens tool kafka.admin.DelegationTokenCommand --bootstrap-server "$KAFKA_SASL" --command-config login.properties
tool kafka.admin.AclCommand $at --add --allow-principal User:bob --operation Read --topic orders --group '*'
tool kafka.admin.AclCommand $at --list --topic orders
tool kafka.admin.AclCommand $at --remove --force --allow-principal User:bob --operation Read --topic orders
tool kafka.admin.LogDirsCommand $at --describe --topic-list payments
tool kafka.admin.BrokerApiVersionsCommand $at
tool kafka.admin.DeleteRecordsCommand $at --offset-json-file delete.json
tool kafka.tools.GetOffsetShell --broker-list "$KAFKA" --topic payments --time -1
