package io.timestore.cli;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What becomes of an error: one sentence, and a status that says who is at fault. */
final class Failures implements IParameterExceptionHandler, IExecutionExceptionHandler {
  private boolean isVerbose;

  void setVerbose(boolean newIsVerbose) {
    this.isVerbose = newIsVerbose;
  }

  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    tell(e.getCommandLine(), command + ": " + e.getMessage() + " (see " + command + " --help)", e);
    return Timestore.CALL_AT_FAULT;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine commandLine, ParseResult parsed) {
    return handle(e, commandLine);
  }

  int handle(Exception e, CommandLine commandLine) {
    Exception failure = e instanceof UncheckedIOException unchecked ? unchecked.getCause() : e;
    if (failure instanceof Output.ClosedException) {
      return Timestore.OK;
    }
    String command = commandLine.getCommandSpec().qualifiedName();
    if (failure instanceof InterruptedIOException
        || failure instanceof Interruption.StoppedException) {
      tell(commandLine, command + ": stopped", failure);
      return Timestore.STORE_AT_FAULT;
    }
    if (failure instanceof IOException) {
      tell(commandLine, command + ": " + message(failure), failure);
      return Timestore.STORE_AT_FAULT;
    }
    if (failure instanceof IllegalArgumentException) {
      tell(commandLine, command + ": " + message(failure), failure);
      return Timestore.CALL_AT_FAULT;
    }
    String hint = isVerbose ? "" : "; --verbose shows where";
    tell(commandLine, command + ": a defect of this program: " + failure + hint, failure);
    return Timestore.STORE_AT_FAULT;
  }

  private static String message(Exception failure) {
    return failure.getMessage() == null ? failure.toString() : failure.getMessage();
  }

  private void tell(CommandLine commandLine, String sentence, Exception failure) {
    PrintWriter errors = commandLine.getErr();
    errors.println(sentence);
    if (isVerbose) {
      failure.printStackTrace(errors);
    }
    errors.flush();
  }
}
