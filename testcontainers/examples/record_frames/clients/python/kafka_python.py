"""What kafka-python can ask, as of some versions of Kafka. Errors are for the log: a refusal is a frame too."""

import os
import sys

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import (
    ACL, ACLFilter, ACLOperation, ACLPermissionType, ConfigResource, ConfigResourceType, NewPartitions, NewTopic, ResourcePattern,
    ResourcePatternFilter, ResourceType,
)
from kafka.structs import OffsetAndMetadata

TEXT = b"one potato, two potatoes, three potatoes, four, five potatoes, six potatoes, seven potatoes, more"


def attempt(what, call):
    try:
        return call()
    except Exception as error:
        print(what, repr(error)[:200], file=sys.stderr)


def run(version, suffix):
    settings = {"bootstrap_servers": os.environ["KAFKA"], "client_id": "python", "request_timeout_ms": 9000}
    if version:
        settings["api_version"] = version
    orders, payments, group = f"orders{suffix}", f"payments{suffix}", f"readers{suffix}"
    partition = TopicPartition(payments, 0)
    admin = KafkaAdminClient(**settings)
    attempt("create", lambda: admin.create_topics([NewTopic(orders, 2, 1, topic_configs={"cleanup.policy": "compact"}), NewTopic(payments, 1, 1)]))
    for codec in [None, "gzip"]:
        def send():
            producer = KafkaProducer(compression_type=codec, linger_ms=50, **settings)
            for _ in range(4):
                producer.send(payments, TEXT, b"key", headers=[("kind", b"test")])
            producer.flush(9)
            producer.close(5)
        attempt("send", send)

    def consume(**more):
        consumer = KafkaConsumer(payments, group_id=group, auto_offset_reset="earliest", heartbeat_interval_ms=300, session_timeout_ms=6000,
            **{**settings, "request_timeout_ms": 20000, **more})
        for _ in range(6):
            consumer.poll(500)
        consumer.commit()
        consumer.end_offsets([partition])
        consumer.offsets_for_times({partition: 1})
        attempt("group", lambda: admin.describe_groups([group]))
        consumer.close()

    attempt("consume", consume)
    attempt("consume", lambda: consume(group_instance_id="still"))

    def transact():
        producer = KafkaProducer(transactional_id=f"transfer{suffix}", **settings)
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(payments, TEXT)
        producer.send_offsets_to_transaction({partition: OffsetAndMetadata(1, "", -1)}, group)
        producer.commit_transaction()
        producer.close(5)

    attempt("transact", transact)
    attempt("cluster", admin.describe_cluster)
    attempt("topics", lambda: admin.describe_topics([orders]))
    attempt("topics", lambda: admin.describe_topic_partitions([orders], response_partition_limit=1))
    attempt("partitions", lambda: admin.create_partitions({orders: NewPartitions(3)}))
    topic = ConfigResource(ConfigResourceType.TOPIC, orders, {"retention.ms": "60000"})
    attempt("configs", lambda: admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, orders)], include_synonyms=True))
    attempt("configs", lambda: admin.alter_configs([topic]))
    attempt("configs", lambda: admin.alter_configs([topic], incremental=False))
    pattern = ResourcePattern(ResourceType.TOPIC, orders)
    acl = ACL("User:bob", "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)
    acls = ACLFilter("User:bob", "*", ACLOperation.ANY, ACLPermissionType.ANY, ResourcePatternFilter(ResourceType.TOPIC, orders, pattern.pattern_type))
    attempt("acl", lambda: admin.create_acls([acl]))
    attempt("acls", lambda: admin.describe_acls(acls))
    attempt("acls", lambda: admin.delete_acls([acls]))
    attempt("groups", admin.list_groups)
    attempt("offsets", lambda: admin.list_group_offsets({group: None}))
    attempt("offsets", lambda: admin.list_group_offsets(group))
    attempt("offsets", lambda: admin.alter_group_offsets(group, {partition: OffsetAndMetadata(1, "", -1)}))
    attempt("offsets", lambda: admin.delete_group_offsets(group, [partition]))
    attempt("records", lambda: admin.delete_records({partition: 1}))
    attempt("folders", lambda: admin.describe_log_dirs([partition]))
    attempt("elect", lambda: admin.elect_leaders(0, [TopicPartition(orders, 0)]))
    attempt("move", lambda: admin.alter_partition_reassignments({TopicPartition(orders, 0): [1]}))
    attempt("moves", admin.list_partition_reassignments)
    attempt("producers", lambda: admin.describe_producers([partition]))
    attempt("transactions", admin.list_transactions)
    attempt("transactions", lambda: admin.describe_transactions([f"transfer{suffix}"]))
    attempt("scrams", admin.describe_user_scram_credentials)
    attempt("quorum", admin.describe_metadata_quorum)
    attempt("resources", admin.list_config_resources)
    attempt("groups", lambda: admin.delete_groups([group]))
    attempt("delete", lambda: admin.delete_topics([orders]))
    admin.close()

    def login():
        sasl = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", "sasl_plain_username": "alice", "sasl_plain_password": "alice-secret"}
        KafkaAdminClient(**{**settings, **sasl, "bootstrap_servers": os.environ["KAFKA_SASL"]}).close()

    attempt("login", login)


for at, version in enumerate([(2, 1), (2, 4), (2, 6), None]):
    print("---", version, file=sys.stderr)
    attempt("run", lambda: run(version, f"-{at}"))
