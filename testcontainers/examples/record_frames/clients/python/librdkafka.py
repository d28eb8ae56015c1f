"""What librdkafka can ask. Errors are for the log: a refusal is a frame too."""

import os
import sys

import confluent_kafka as ck
from confluent_kafka import admin as ad

KAFKA = {"bootstrap.servers": os.environ["KAFKA"], "broker.address.family": "v4"}
LOGIN = {"bootstrap.servers": os.environ["KAFKA_SASL"], "security.protocol": "SASL_PLAINTEXT", "broker.address.family": "v4"}
TEXT = b"one potato, two potatoes, three potatoes, four, five potatoes, six potatoes, seven potatoes, more"


def attempt(what, call):
    """Waits for what comes of a call."""
    try:
        made = call()
        for future in made.values() if isinstance(made, dict) else [made]:
            if hasattr(future, "result"):
                future.result(10)
        return made
    except Exception as error:
        print(what, error, file=sys.stderr)


def consume(count, **config):
    consumer = ck.Consumer({**KAFKA, "auto.offset.reset": "earliest", **config})
    consumer.subscribe(["payments"])
    consumer.consume(count, timeout=8)
    consumer.consume(1, timeout=3)
    attempt("commit", lambda: consumer.commit(asynchronous=False))
    return consumer


admin = ad.AdminClient(KAFKA)
attempt("create", lambda: admin.create_topics([ad.NewTopic("orders", 2, 1, config={"cleanup.policy": "compact"}), ad.NewTopic("payments", 1, 1)]))
for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
    producer = ck.Producer({**KAFKA, "compression.type": codec, "enable.idempotence": codec != "none", "linger.ms": 50})
    for _ in range(4):
        producer.produce("payments", TEXT, b"key", headers={"kind": "test"})
    producer.flush(10)
    reader = ck.Consumer({**KAFKA, "group.id": "unused", "fetch.wait.max.ms": 100})
    low, high = reader.get_watermark_offsets(ck.TopicPartition("payments", 0), timeout=5)
    reader.assign([ck.TopicPartition("payments", 0, high - 4)])
    reader.consume(4, timeout=5)
    reader.close()

classic = consume(5, **{"group.id": "classic", "heartbeat.interval.ms": 300, "partition.assignment.strategy": "cooperative-sticky"})
attempt("groups", lambda: admin.describe_consumer_groups(["classic"], include_authorized_operations=True))
classic.close()
consume(5, **{"group.id": "classic", "group.instance.id": "still"}).close()
modern = consume(5, **{"group.id": "modern", "group.protocol": "consumer"})
attempt("groups", lambda: admin.describe_consumer_groups(["modern"]))
modern.close()

transfers = ck.Producer({**KAFKA, "transactional.id": "transfer"})
reader = consume(2, **{"group.id": "moved", "isolation.level": "read_committed", "enable.auto.commit": False})
transfers.init_transactions(10)
transfers.begin_transaction()
transfers.produce("payments", TEXT)
attempt("offsets", lambda: transfers.send_offsets_to_transaction(reader.position(reader.assignment()), reader.consumer_group_metadata()))
transfers.commit_transaction()
reader.close()

topic = ck.TopicPartition("payments", 0, 1)
attempt("cluster", lambda: admin.describe_cluster(include_authorized_operations=True))
attempt("topics", lambda: admin.describe_topics(ck.TopicCollection(["orders"]), include_authorized_operations=True))
attempt("partitions", lambda: admin.create_partitions([ad.NewPartitions("orders", 3)]))
attempt("groups", lambda: admin.list_consumer_groups())
attempt("offsets", lambda: admin.list_consumer_group_offsets([ck.ConsumerGroupTopicPartitions("classic", None)]))
attempt("offsets", lambda: admin.alter_consumer_group_offsets([ck.ConsumerGroupTopicPartitions("classic", [topic])]))
attempt("offsets", lambda: admin.list_offsets({topic: ad.OffsetSpec.latest()}))
attempt("records", lambda: admin.delete_records([topic]))
resource = ad.ConfigResource(ad.ResourceType.TOPIC, "orders", set_config={"retention.ms": "60000"})
attempt("configs", lambda: admin.describe_configs([ad.ConfigResource(ad.ResourceType.TOPIC, "orders")]))
attempt("configs", lambda: admin.alter_configs([resource]))
change = ad.ConfigEntry("retention.ms", "60000", incremental_operation=ad.AlterConfigOpType.SET)
attempt("configs", lambda: admin.incremental_alter_configs([ad.ConfigResource(ad.ResourceType.TOPIC, "orders", incremental_configs=[change])]))
acl = ad.AclBinding(ad.ResourceType.TOPIC, "orders", ad.ResourcePatternType.LITERAL, "User:bob", "*", ad.AclOperation.READ, ad.AclPermissionType.ALLOW)
acls = ad.AclBindingFilter(ad.ResourceType.TOPIC, "orders", ad.ResourcePatternType.LITERAL, None, None, ad.AclOperation.ANY, ad.AclPermissionType.ANY)
attempt("acl", lambda: admin.create_acls([acl]))
attempt("acls", lambda: admin.describe_acls(acls))
attempt("acls", lambda: admin.delete_acls([acls]))
scram = ad.ScramCredentialInfo(ad.ScramMechanism.SCRAM_SHA_256, 4096)
attempt("scram", lambda: admin.alter_user_scram_credentials([ad.UserScramCredentialUpsertion("bob", scram, b"bob-secret", b"salt-of-a-test")]))
attempt("scrams", lambda: admin.describe_user_scram_credentials(["bob"]))
attempt("elect", lambda: admin.elect_leaders(ad.ElectionType.PREFERRED, [ck.TopicPartition("orders", 0)]))
attempt("groups", lambda: admin.delete_consumer_groups(["classic"]))
attempt("delete", lambda: admin.delete_topics(["orders"]))
for mechanism, name in [("PLAIN", "alice"), ("SCRAM-SHA-256", "bob")]:
    login = ad.AdminClient({**LOGIN, "sasl.mechanism": mechanism, "sasl.username": name, "sasl.password": f"{name}-secret"})
    attempt("login", lambda: login.list_topics(timeout=5))

resource = ad.ConfigResource(ad.ConfigResource.Type.GROUP if hasattr(ad.ConfigResource.Type, "GROUP") else 32, "shared",
    incremental_configs=[ad.ConfigEntry("share.auto.offset.reset", "earliest", incremental_operation=ad.AlterConfigOpType.SET)])
attempt("configs", lambda: admin.incremental_alter_configs([resource]))


def share():
    consumer = ck.ShareConsumer({**KAFKA, "group.id": "shared"})
    consumer.subscribe(["payments"])
    for _ in range(4):
        consumer.poll(2)
    consumer.close()


attempt("share", share)
