package io.timestore.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The program {@code timestore}: its commands, and how each of them begins and ends. */
@Command(
    name = "timestore",
    description = "Looks at stores, and after them.",
    mixinStandardHelpOptions = true,
    versionProvider = Timestore.Version.class,
    subcommands = {
      Describe.class,
      Dump.class,
      Import.class,
      Export.class,
      Verify.class,
      Truncate.class,
      Compact.class,
      Report.class,
      HelpCommand.class,
      GenerateCompletion.class
    },
    footer = {
      "",
      "Exit status: 0 done, 1 the store is at fault, 2 the call is at fault.",
      "",
      "Example: timestore describe /data/ticks",
      "Completion: source <(timestore generate-completion)"
    })
public final class Timestore {
  /** Done, and nothing to complain of. */
  static final int OK = 0;

  /** The store, or the system beneath it, is at fault. */
  static final int STORE_AT_FAULT = 1;

  /** The call is at fault. */
  static final int CALL_AT_FAULT = 2;

  private final Output output;
  private final Terminal terminal = new Terminal();

  private final Interruption interruption;

  private Timestore(OutputStream out, Interruption interruption) {
    this.output = new Output(out);
    this.interruption = interruption;
  }

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Tell more: what the store logs, and the stack trace of an error.")
  void setVerbose(boolean isVerbose) {
    if (isVerbose) {
      // Read by slf4j-simple when its first logger is made, which no command has done yet.
      System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "debug");
    }
    failures.setVerbose(isVerbose);
  }

  private final Failures failures = new Failures();

  /** Where the commands' results go. */
  Output output() {
    return output;
  }

  /** What is known of the other end of output and errors. */
  Terminal terminal() {
    return terminal;
  }

  /** Whether somebody pressed Ctrl-C. */
  Interruption interruption() {
    return interruption;
  }

  /** Runs one command and ends the process with its status. */
  public static void main(String[] arguments) {
    Interruption interruption = Interruption.ofThisThread();
    int status = run(arguments, interruption);
    interruption.workHasEnded();
    System.exit(status);
  }

  private static int run(String[] arguments, Interruption interruption) {
    Timestore timestore = new Timestore(new FileOutputStream(FileDescriptor.out), interruption);
    CommandLine commandLine = new CommandLine(timestore);
    commandLine.setOut(new PrintWriter(timestore.output.asWriter()));
    commandLine.setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setUsageHelpAutoWidth(timestore.terminal.isOutput());
    commandLine.setParameterExceptionHandler(timestore.failures);
    commandLine.setExecutionExceptionHandler(timestore.failures);
    if (arguments.length == 0) {
      commandLine.usage(commandLine.getErr());
      return CALL_AT_FAULT;
    }
    int status = commandLine.execute(arguments);
    try {
      timestore.output.flush();
      return status;
    } catch (Output.ClosedException e) {
      return status;
    } catch (RuntimeException e) {
      return timestore.failures.handle(e, commandLine);
    }
  }

  /** As the build wrote it into the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Timestore.class.getPackage().getImplementationVersion();
      return new String[] {"timestore " + (version == null ? "(not built as a jar)" : version)};
    }
  }
}
