package io.timestore.cli;

import io.timestore.store.Progress;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * How far long work has come: a bar with rate and time left if the errors go to a terminal, and
 * nothing elsewhere. It ends the work when somebody presses Ctrl-C.
 */
final class Bar implements Progress, AutoCloseable {
  private static final int UPDATE_MILLIS = 200;
  private static final int UNIT_BYTES = 1024 * 1024;

  private final String task;
  private final Terminal terminal;
  private final Interruption interruption;
  private @Nullable ProgressBar bar;

  Bar(String task, Terminal terminal, Interruption interruption) {
    this.task = task;
    this.terminal = terminal;
    this.interruption = interruption;
  }

  @Override
  public void at(long done, long all) {
    interruption.check();
    if (terminal.isErrors()) {
      if (bar == null) {
        bar = begin(all);
      }
      bar.maxHint(all);
      bar.stepTo(done);
    }
  }

  private ProgressBar begin(long all) {
    PrintStream errors =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    return new ProgressBarBuilder()
        .setTaskName(task)
        .setInitialMax(all)
        .setUnit(" MiB", UNIT_BYTES)
        .showSpeed()
        .setSpeedUnit(ChronoUnit.SECONDS)
        .setStyle(ProgressBarStyle.UNICODE_BLOCK)
        .setUpdateIntervalMillis(UPDATE_MILLIS)
        .setConsumer(new ConsoleProgressBarConsumer(errors, terminal.width() - 1))
        .build();
  }

  /** Draws the end of the work, and goes to the next line. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
