package io.timestore.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.timestore.format.CorruptStoreException;
import io.timestore.store.Fault;
import io.timestore.store.Repairable;
import io.timestore.store.Store;
import io.timestore.store.Verified;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code timestore verify}: reads everything, and tells of all that breaks the format. */
@Command(
    name = "verify",
    description = {
      "Reads all that is committed, and tells of everything that breaks the format: lost files and"
          + " bytes, checksums, the order of keys and offsets, cells that are no values, the"
          + " journal. It takes no lock. Exit status 1 if there is a fault."
    },
    footer = {"", "Example: timestore verify /data/ticks --repair"})
final class Verify extends StoreCommand {

  @Option(
      names = "--repair",
      description = {
        "Put right what is safe to: a lane's stale 'length', a missing 'new_length', checksums"
            + " that were lost. Never a byte of a row, and nothing in a store with a fault."
      })
  private boolean isRepair;

  private volatile boolean hasFault;

  /** What was found, as it is told. */
  private interface Findings {
    void fault(@Nullable Fault fault, String message);

    void end(@Nullable Verified verified, List<Repairable> repairable, boolean isRepaired)
        throws IOException;
  }

  @Override
  public Integer call() throws IOException {
    Findings findings = isJson() ? new Json(output().asWriter()) : new Text();
    try {
      return verify(open(), findings);
    } catch (CorruptStoreException e) {
      tell(findings, null, String.valueOf(e.getMessage()));
      findings.end(null, List.of(), false);
      return Timestore.STORE_AT_FAULT;
    } catch (Output.ClosedException e) {
      return hasFault ? Timestore.STORE_AT_FAULT : Timestore.OK;
    }
  }

  private void tell(Findings findings, @Nullable Fault fault, String message) {
    hasFault = true;
    findings.fault(fault, message);
  }

  private int verify(Store store, Findings findings) throws IOException {
    Verified verified;
    try (Bar bar = bar("verify")) {
      verified = store.verify(fault -> tell(findings, fault, fault.message()), bar);
    }
    List<Repairable> repairable = store.repairable();
    boolean repairs = isRepair && verified.faultCount() == 0 && !repairable.isEmpty();
    if (repairs) {
      store.repair();
      tellOfRemaining(store.repairable());
    }
    findings.end(verified, repairable, repairs);
    return verified.faultCount() == 0 ? Timestore.OK : Timestore.STORE_AT_FAULT;
  }

  private void tellOfRemaining(List<Repairable> remaining) {
    for (Repairable one : remaining) {
      tell("could not be put right: " + one.message());
    }
  }

  private final class Text implements Findings {
    private boolean isRead = true;
    private long faultCount;

    @Override
    public void fault(@Nullable Fault fault, String message) {
      faultCount++;
      line(terminal().red("FAULT") + "  " + message);
    }

    /** The exit status is told of also when nobody reads on. */
    private void line(String text) {
      try {
        if (isRead) {
          output().line(text);
        }
      } catch (Output.ClosedException e) {
        isRead = false;
      }
    }

    @Override
    public void end(@Nullable Verified verified, List<Repairable> repairable, boolean isRepaired) {
      for (Repairable one : repairable) {
        line((isRepaired ? "put right  " : "can be put right  ") + one.message());
      }
      if (isRepair && faultCount > 0 && !repairable.isEmpty()) {
        line("Nothing was put right: a checksum would vouch for what may be damaged.");
      } else if (!isRepaired && !repairable.isEmpty()) {
        line("It misleads no reader of ours; --repair puts it right.");
      }
      line(summary(verified));
    }

    private String summary(@Nullable Verified verified) {
      if (verified == null) {
        return "Nobody knows what is committed, so that nothing else could be verified.";
      }
      String faults =
          faultCount == 0
              ? "No fault"
              : faultCount == 1 ? "1 fault" : count(faultCount) + " faults";
      long unverified = verified.unverifiedChunkCount();
      return faults
          + " in "
          + count(verified.rowCount())
          + " rows: "
          + new Bytes(verified.sizeBytes())
          + " in "
          + count(verified.chunkCount())
          + " chunks, "
          + (unverified == 0
              ? "each with its checksum."
              : count(unverified) + " without checksum.");
    }

    private String count(long number) {
      return String.format(Locale.ROOT, "%,d", number);
    }
  }

  /** One object; the faults are written as they are found, however many there are. */
  private static final class Json implements Findings {
    private final JsonGenerator generator;

    Json(Writer writer) throws IOException {
      generator =
          new JsonFactory()
              .createGenerator(writer)
              .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
              .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM)
              .useDefaultPrettyPrinter();
      generator.writeStartObject();
      generator.writeArrayFieldStart("faults");
    }

    @Override
    public void fault(@Nullable Fault fault, String message) {
      try {
        generator.writeStartObject();
        if (fault == null) {
          generator.writeNullField("file");
          generator.writeNullField("startByte");
          generator.writeNullField("endByte");
        } else {
          generator.writeStringField("file", fault.file().toString());
          generator.writeNumberField("startByte", fault.startByte());
          generator.writeNumberField("endByte", fault.endByte());
        }
        if (fault == null || fault.firstRow() < 0) {
          generator.writeNullField("firstRow");
          generator.writeNullField("endRow");
        } else {
          generator.writeNumberField("firstRow", fault.firstRow());
          generator.writeNumberField("endRow", fault.endRow());
        }
        generator.writeStringField("message", message);
        generator.writeEndObject();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void end(@Nullable Verified verified, List<Repairable> repairable, boolean isRepaired)
        throws IOException {
      generator.writeEndArray();
      generator.writeArrayFieldStart("repairable");
      for (Repairable one : repairable) {
        generator.writeStartObject();
        String kind = one.kind().name().toLowerCase(Locale.ROOT).replace('_', '-');
        generator.writeStringField("kind", kind);
        generator.writeStringField("file", one.file().toString());
        generator.writeStringField("message", one.message());
        generator.writeEndObject();
      }
      generator.writeEndArray();
      generator.writeBooleanField("repaired", isRepaired);
      number("rows", verified == null ? null : verified.rowCount());
      number("bytes", verified == null ? null : verified.sizeBytes());
      number("chunks", verified == null ? null : verified.chunkCount());
      number("unverifiedChunks", verified == null ? null : verified.unverifiedChunkCount());
      generator.writeEndObject();
      generator.writeRaw('\n');
      generator.close();
    }

    private void number(String name, @Nullable Long number) throws IOException {
      if (number == null) {
        generator.writeNullField(name);
      } else {
        generator.writeNumberField(name, number);
      }
    }
  }
}
