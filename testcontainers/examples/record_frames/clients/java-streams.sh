#!/bin/sh
# Kafka Streams in a group of the streams protocol (KIP-1071), and the tool that looks at it.
set -u
. "$(dirname "$0")/java.inc"
fetch 4.3.1 kafka-streams
streams=$class_path
at="--bootstrap-server $KAFKA"
class_path="$KAFKA_JARS/*"
tool org.apache.kafka.tools.TopicCommand $at --create --topic words --partitions 2
tool org.apache.kafka.tools.TopicCommand $at --create --topic counts --partitions 2
say | tool org.apache.kafka.tools.ConsoleProducer $at --topic words
timeout 40 java -cp "$streams" "$(dirname "$0")/java/Words.java" "$KAFKA" "$KAFKA_SCRATCH" &
sleep 15
group="tool org.apache.kafka.tools.streams.StreamsGroupCommand $at"
$group --describe --group words --members
$group --describe --group words --state
$group --describe --group words --offsets
wait
$group --list
$group --describe --group words
$group --delete --group words
