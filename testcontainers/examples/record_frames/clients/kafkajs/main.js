// What kafkajs can ask. Errors are for the log: a refusal is a frame too.
const { Kafka, CompressionTypes, logLevel, AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes, ConfigResourceTypes } = require('kafkajs')

const kafka = new Kafka({ clientId: 'kafkajs', brokers: [process.env.KAFKA], logLevel: logLevel.ERROR })
const attempt = async (what, call) => {
  try { return await call() } catch (error) { console.error(what, error.message) }
}
const value = 'one potato, two potatoes, three potatoes, four, five potatoes, six potatoes, seven potatoes, more'

async function main() {
  const admin = kafka.admin()
  await admin.connect()
  await attempt('create', () => admin.createTopics({ waitForLeaders: true, topics: [{ topic: 'orders', numPartitions: 2, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }, { topic: 'payments' }] }))

  const producer = kafka.producer()
  await producer.connect()
  for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
    await attempt('send', () => producer.send({ topic: 'payments', compression, messages: [{ key: 'key', value, headers: { kind: 'test' } }, { key: null, value }] }))
  }
  await producer.disconnect()

  const consumer = kafka.consumer({ groupId: 'readers', heartbeatInterval: 300 })
  await consumer.connect()
  await consumer.subscribe({ topics: ['payments'], fromBeginning: true })
  await new Promise(resolve => {
    let seen = 0
    consumer.run({ eachMessage: async () => { seen += 1; if (seen === 4) setTimeout(resolve, 2500) } })
    setTimeout(resolve, 20000)
  })
  await attempt('group', () => admin.describeGroups(['readers']))
  await consumer.disconnect()

  const transfers = kafka.producer({ transactionalId: 'transfer', idempotent: true, maxInFlightRequests: 1 })
  await transfers.connect()
  await attempt('transaction', async () => {
    const transaction = await transfers.transaction()
    await transaction.send({ topic: 'payments', messages: [{ value }] })
    await transaction.sendOffsets({ consumerGroupId: 'readers', topics: [{ topic: 'payments', partitions: [{ partition: 0, offset: '1' }] }] })
    await transaction.commit()
  })
  await transfers.disconnect()

  await attempt('cluster', () => admin.describeCluster())
  await attempt('topics', () => admin.fetchTopicMetadata({ topics: ['orders'] }))
  await attempt('partitions', () => admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 3 }] }))
  await attempt('offsets', () => admin.fetchTopicOffsets('payments'))
  await attempt('offsets', () => admin.fetchTopicOffsetsByTimestamp('payments', 1))
  await attempt('offsets', () => admin.fetchOffsets({ groupId: 'readers' }))
  await attempt('reset', () => admin.resetOffsets({ groupId: 'readers', topic: 'payments', earliest: true }))
  await attempt('records', () => admin.deleteTopicRecords({ topic: 'payments', partitions: [{ partition: 0, offset: '1' }] }))
  const resource = { type: ConfigResourceTypes.TOPIC, name: 'orders' }
  await attempt('configs', () => admin.describeConfigs({ resources: [{ ...resource, configNames: ['retention.ms'] }] }))
  await attempt('configs', () => admin.alterConfigs({ resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '60000' }] }] }))
  const acl = { resourceType: AclResourceTypes.TOPIC, resourceName: 'orders', resourcePatternType: ResourcePatternTypes.LITERAL, principal: 'User:bob', host: '*', operation: AclOperationTypes.READ, permissionType: AclPermissionTypes.ALLOW }
  await attempt('acl', () => admin.createAcls({ acl: [acl] }))
  await attempt('acls', () => admin.describeAcls(acl))
  await attempt('acls', () => admin.deleteAcls({ filters: [acl] }))
  await attempt('move', () => admin.alterPartitionReassignments({ topics: [{ topic: 'orders', partitionAssignment: [{ partition: 0, replicas: [1] }] }] }))
  await attempt('moves', () => admin.listPartitionReassignments({ topics: [{ topic: 'orders', partitions: [0] }] }))
  await attempt('groups', () => admin.listGroups())
  await attempt('groups', () => admin.deleteGroups(['readers']))
  await attempt('delete', () => admin.deleteTopics({ topics: ['orders'] }))
  await admin.disconnect()

  for (const sasl of [{ mechanism: 'plain', username: 'alice', password: 'alice-secret' }]) {
    const login = new Kafka({ clientId: 'kafkajs', brokers: [process.env.KAFKA_SASL], sasl, logLevel: logLevel.ERROR }).admin()
    await attempt('login', async () => { await login.connect(); await login.listTopics() })
    await login.disconnect()
  }
}
main()
