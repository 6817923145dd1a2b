package io.timestore.store;

import static net.bytebuddy.matcher.ElementMatchers.named;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.asm.MemberSubstitution;
import net.bytebuddy.dynamic.ClassFileLocator;
import net.bytebuddy.dynamic.DynamicType;
import net.bytebuddy.implementation.Implementation;
import org.jspecify.annotations.Nullable;

/**
 * The engine and its tests loaded once more, one method of the engine being another: a mutant.
 * Tests run their checks in here, and must see them fail.
 */
final class MutantClassLoader extends ClassLoader {
  private static final String ROOM = "io.timestore.";

  private final String mutatedName;
  private final byte[] mutated;

  private MutantClassLoader(Class<?> type, DynamicType.Builder<?> mutated) {
    super(type.getClassLoader());
    this.mutatedName = type.getName();
    this.mutated = mutated.make().getBytes();
  }

  private static DynamicType.Builder<?> redefine(Class<?> type, String method) {
    if (Arrays.stream(type.getDeclaredMethods()).noneMatch(m -> m.getName().equals(method))) {
      throw new IllegalArgumentException(type + " has no method " + method);
    }
    return new ByteBuddy()
        .redefine(type, ClassFileLocator.ForClassLoader.of(type.getClassLoader()));
  }

  /** A method that does something else; {@code StubMethod} does nothing. */
  static MutantClassLoader with(Class<?> type, String method, Implementation instead) {
    return new MutantClassLoader(
        type, redefine(type, method).method(named(method)).intercept(instead));
  }

  /** A method that leaves out its calls of another; the result of these is null, 0 or false. */
  static MutantClassLoader without(Class<?> type, String method, String call) {
    return new MutantClassLoader(
        type,
        redefine(type, method)
            .visit(MemberSubstitution.relaxed().method(named(call)).stub().on(named(method))));
  }

  /** Calls a static method of the mutant's own class of that name; by values of the JDK's types. */
  @Nullable Object call(Class<?> type, String method, Object... arguments) throws Exception {
    for (Method candidate : loadClass(type.getName()).getDeclaredMethods()) {
      if (candidate.getName().equals(method) && candidate.getParameterCount() == arguments.length) {
        candidate.setAccessible(true);
        try {
          return candidate.invoke(null, arguments);
        } catch (InvocationTargetException e) {
          if (e.getCause() instanceof Exception failure) {
            throw failure;
          }
          if (e.getCause() instanceof Error failure) {
            throw failure;
          }
          throw e;
        }
      }
    }
    throw new NoSuchMethodException(type + "." + method);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(ROOM)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded != null ? loaded : findClass(name);
    }
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    byte[] bytes = name.equals(mutatedName) ? mutated : original(name);
    return defineClass(name, bytes, 0, bytes.length);
  }

  private byte[] original(String name) throws ClassNotFoundException {
    try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }
}
