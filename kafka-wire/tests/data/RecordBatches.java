// Writes the `java-*.batch` files beside it, with Kafka's own client:
//   java -cp "<folder of Kafka's jars>/*" RecordBatches.java .
// The time in `java-log-append.batch` is that of the run; everything else comes out the same every time.

import java.nio.ByteBuffer;
import java.nio.file.*;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;

public class RecordBatches {
    static byte[] b(String s) { return s == null ? null : s.getBytes(java.nio.charset.StandardCharsets.UTF_8); }
    public static void main(String[] a) throws Exception {
        Path dir = Path.of(a[0]);
        String[] names = {"none", "gzip", "snappy", "lz4", "zstd"};
        Compression[] codecs = {Compression.NONE, Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build(), Compression.zstd().build()};
        SimpleRecord[] records = {
            new SimpleRecord(1700000000000L, b("key"), b("value"), new Header[]{new RecordHeader("trace", b("abc")), new RecordHeader("", null), new RecordHeader("trace", new byte[0])}),
            new SimpleRecord(1700000000250L, null, b("a".repeat(200))),
            new SimpleRecord(1699999999999L, b("gone"), (byte[]) null),
            new SimpleRecord(1700000000001L, new byte[0], new byte[0]),
        };
        for (int i = 0; i < names.length; i++) {
            MemoryRecords r = MemoryRecords.withRecords((byte) 2, 42L, codecs[i], TimestampType.CREATE_TIME, 4711L, (short) 3, 17, 5, true, records);
            write(dir.resolve("java-" + names[i] + ".batch"), r.buffer());
        }
        MemoryRecords la = MemoryRecords.withRecords((byte) 2, 7L, Compression.NONE, TimestampType.LOG_APPEND_TIME, -1L, (short) -1, -1, 0, false, records);
        write(dir.resolve("java-log-append.batch"), la.buffer());
        MemoryRecords marker = MemoryRecords.withEndTransactionMarker(100L, 1700000000000L, 9, 4711L, (short) 3, new EndTransactionMarker(ControlRecordType.COMMIT, 2));
        write(dir.resolve("java-control.batch"), marker.buffer());
    }
    static void write(Path p, ByteBuffer buf) throws Exception {
        byte[] out = new byte[buf.remaining()]; buf.duplicate().get(out); Files.write(p, out);
        System.out.println(p.getFileName() + " " + out.length);
    }
}
