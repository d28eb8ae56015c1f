#!/bin/sh
# Kafka's own Java clients and tools, of the broker's version.
set -u
. "$(dirname "$0")/java.inc"
class_path="$KAFKA_JARS/*"
tools=org.apache.kafka.tools
at="--bootstrap-server $KAFKA"

# Topics.
tool $tools.TopicCommand $at --create --topic orders --partitions 2 --replication-factor 1 --config cleanup.policy=compact
tool $tools.TopicCommand $at --create --topic payments --partitions 1
tool $tools.TopicCommand $at --alter --topic payments --partitions 3
tool $tools.TopicCommand $at --describe --topic orders
tool $tools.TopicCommand $at --list

# Records, and who reads them.
for codec in none gzip snappy lz4 zstd; do
  say | tool $tools.ConsoleProducer $at --topic payments --compression-codec $codec \
    --reader-property parse.key=true --reader-property key.separator=:
done
tool $tools.consumer.ConsoleConsumer $at --topic payments --from-beginning --max-messages 15 --isolation-level read_committed
tool $tools.consumer.ConsoleConsumer $at --topic payments --group classic --from-beginning --max-messages 3
tool $tools.consumer.ConsoleConsumer $at --topic payments --group classic --timeout-ms 6000
tool $tools.consumer.ConsoleConsumer $at --topic payments --group modern --from-beginning --max-messages 3 --consumer-property group.protocol=consumer
tool $tools.consumer.ConsoleConsumer $at --topic payments --group modern --timeout-ms 6000 --consumer-property group.protocol=consumer
tool $tools.VerifiableProducer $at --topic payments --max-messages 5 --acks -1
tool $tools.ProducerPerformance --topic payments --num-records 20 --record-size 40 --throughput -1 \
  --bootstrap-server "$KAFKA" --transactional-id performance --transaction-duration-ms 100
tool $tools.TransactionalMessageCopier --broker-list "$KAFKA" --input-topic payments --input-partition 0 --output-topic copies \
  --transactional-id copier --transaction-size 2 --consumer-group copier --max-messages 4 --group-mode

# Groups while a member is there, and after.
for protocol in classic consumer; do
  tool $tools.consumer.ConsoleConsumer $at --topic payments --group live-$protocol --timeout-ms 25000 --consumer-property group.protocol=$protocol &
  sleep 8
  tool $tools.consumer.group.ConsumerGroupCommand $at --describe --group live-$protocol --members --verbose
  tool $tools.consumer.group.ConsumerGroupCommand $at --describe --group live-$protocol --state
  wait
done
groups=$tools.consumer.group.ConsumerGroupCommand
tool $groups $at --list --state
tool $groups $at --describe --all-groups
tool $groups $at --group classic --reset-offsets --to-earliest --topic payments --execute
tool $groups $at --group classic --delete-offsets --topic payments
tool $groups $at --group classic --delete
tool $tools.GroupsCommand $at --list

# Share groups.
tool kafka.admin.ConfigCommand $at --alter --entity-type groups --entity-name shared --add-config share.auto.offset.reset=earliest
tool $tools.consumer.ConsoleShareConsumer $at --topic payments --group shared --max-messages 5
tool $tools.VerifiableShareConsumer $at --topic payments --group-id shared --max-messages 4 --acknowledgement-mode sync
tool $tools.consumer.ConsoleShareConsumer $at --topic payments --group shared --timeout-ms 20000 --reject &
sleep 8
share=$tools.consumer.group.ShareGroupCommand
tool $share $at --describe --group shared --members
wait
tool $share $at --list
tool $share $at --describe --group shared
tool $share $at --describe --group shared --state
tool $share $at --reset-offsets --group shared --topic payments --to-earliest --execute
tool $share $at --delete-offsets --group shared --topic payments
tool $share $at --delete --group shared

# Streams groups.
streams=$tools.streams.StreamsGroupCommand
tool $streams $at --list
tool $streams $at --describe --group nobody

# Configuration, quotas, users.
config=kafka.admin.ConfigCommand
tool $config $at --describe --entity-type topics --entity-name orders
tool $config $at --describe --entity-type brokers --entity-name 1
tool $config $at --describe --entity-type client-metrics
tool $config $at --describe --entity-type groups
tool $config $at --alter --entity-type topics --entity-name orders --add-config retention.ms=60000 --delete-config cleanup.policy
tool $config $at --alter --entity-type users --entity-name alice --add-config producer_byte_rate=1000000
tool $config $at --describe --entity-type users --entity-name alice
tool $config $at --alter --entity-type users --entity-name bob --add-config 'SCRAM-SHA-512=[iterations=4096,password=bob-secret]'
tool $config $at --describe --entity-type users
tool $tools.ClientMetricsCommand $at --list

# Logging in; tokens.
tool $tools.TopicCommand --bootstrap-server "$KAFKA_SASL" --command-config login.properties --list
tool $tools.TopicCommand --bootstrap-server "$KAFKA_SASL" --command-config scram.properties --list
tokens tool $tools.DelegationTokenCommand --bootstrap-server "$KAFKA_SASL" --command-config login.properties

# Permissions.
acl=$tools.AclCommand
tool $acl $at --add --allow-principal User:bob --operation Read --topic orders --group '*'
tool $acl $at --list --topic orders
tool $acl $at --remove --force --allow-principal User:bob --operation Read --topic orders

# The cluster.
tool $tools.GetOffsetShell $at --topic payments --time -1
tool $tools.GetOffsetShell $at --topic payments --time max-timestamp
tool $tools.LogDirsCommand $at --describe --topic-list payments
tool $tools.FeatureCommand $at describe
tool $tools.FeatureCommand $at upgrade --feature transaction.version=2 --dry-run
tool $tools.MetadataQuorumCommand $at describe --status
tool $tools.MetadataQuorumCommand $at describe --replication
tool $tools.MetadataQuorumCommand $at remove-controller --controller-id 9 --controller-directory-id AAAAAAAAAAAAAAAAAAAACQ
cat >controller.properties <<END
process.roles=controller
node.id=9
controller.listener.names=CONTROLLER
listeners=CONTROLLER://127.0.0.1:9
advertised.listeners=CONTROLLER://127.0.0.1:9
listener.security.protocol.map=CONTROLLER:PLAINTEXT
controller.quorum.bootstrap.servers=127.0.0.1:9
log.dirs=$KAFKA_SCRATCH/controller
END
mkdir controller
printf 'version=1\nnode.id=9\ncluster.id=a\ndirectory.id=AAAAAAAAAAAAAAAAAAAACQ\n' >controller/meta.properties
tool $tools.MetadataQuorumCommand $at --command-config controller.properties add-controller
tool $tools.ClusterTool cluster-id $at
tool $tools.ClusterTool unregister $at --id 99
tool $tools.ClusterTool list-endpoints $at
tool $tools.BrokerApiVersionsCommand $at
tool $tools.LeaderElectionCommand $at --election-type preferred --topic orders --partition 0
tool $tools.DeleteRecordsCommand $at --offset-json-file delete.json
move payments "$(tool $tools.LogDirsCommand $at --describe --topic-list payments | log_folder)"
tool $tools.reassign.ReassignPartitionsCommand $at --reassignment-json-file move.json --execute
tool $tools.reassign.ReassignPartitionsCommand $at --reassignment-json-file move.json --verify
tool $tools.reassign.ReassignPartitionsCommand $at --list
transactions=$tools.TransactionsCommand
tool $transactions $at list
tool $transactions $at describe --transactional-id performance
tool $transactions $at describe-producers --topic payments --partition 0
tool $transactions $at abort --topic payments --partition 0 --producer-id 4711 --producer-epoch 0 --coordinator-epoch 0
tool $transactions $at find-hanging --broker-id 1 --max-transaction-timeout 1
tool $tools.TopicCommand $at --delete --topic orders
