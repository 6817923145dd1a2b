package io.timestore.flink.sink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.table.data.RowData;

/**
 * Lets rows pass, and tells the test by files what becomes of the job, in whichever process: which
 * process runs an attempt, that one let rows pass after it had been paused, and which checkpoints
 * are complete.
 */
final class AttemptLog extends RichMapFunction<RowData, RowData> implements CheckpointListener {
  private static final long serialVersionUID = 1L;
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final String directory;
  private transient int attempt;
  private transient long lastRowNanos;

  AttemptLog(Path directory) {
    this.directory = directory.toString();
  }

  /** Holds the id of the process that runs this attempt. */
  Path attempt(int number) {
    return file("attempt", number);
  }

  /** This attempt goes on after a pause. */
  Path wokeUp(int number) {
    return file("woke-up", number);
  }

  /** Some attempt was told that this checkpoint is complete. */
  Path complete(long checkpointId) {
    return file("complete", checkpointId);
  }

  private Path file(String what, long number) {
    return Path.of(directory, what + "-" + number);
  }

  private static void write(Path file, long value) throws IOException {
    Path temporary = Files.createTempFile(file.getParent(), ".", "");
    Files.writeString(temporary, Long.toString(value));
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void open(OpenContext context) throws IOException {
    attempt = getRuntimeContext().getTaskInfo().getAttemptNumber();
    lastRowNanos = System.nanoTime();
    write(attempt(attempt), ProcessHandle.current().pid());
  }

  @Override
  public RowData map(RowData row) throws IOException {
    long now = System.nanoTime();
    if (now - lastRowNanos > PAUSE_NANOS) {
      write(wokeUp(attempt), attempt);
    }
    lastRowNanos = now;
    return row;
  }

  @Override
  public void notifyCheckpointComplete(long checkpointId) throws IOException {
    write(complete(checkpointId), attempt);
  }
}
