package io.timestore.disk;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The tests' class path once more, every class of it loaded anew, as Flink does for each job. */
public final class OtherClassLoader implements Closeable {
  private final URLClassLoader loader;

  public OtherClassLoader() throws MalformedURLException {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      urls.add(Path.of(entry).toUri().toURL());
    }
    loader = new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  /** {@link LocalDisk#tryLock}, by the other class of that name. */
  public Optional<?> tryLock(Path lockFile, String holder) throws ReflectiveOperationException {
    Class<?> type = load(LocalDisk.class);
    Object disk = type.getConstructor().newInstance();
    return (Optional<?>)
        type.getMethod("tryLock", Path.class, String.class).invoke(disk, lockFile, holder);
  }

  /** Runs a main class. */
  public void main(Class<?> main, String... arguments) throws ReflectiveOperationException {
    load(main).getMethod("main", String[].class).invoke(null, (Object) arguments);
  }

  /** Tells whether somebody still keeps the class loader after it was dropped. */
  public WeakReference<ClassLoader> reference() {
    return new WeakReference<>(loader);
  }

  private Class<?> load(Class<?> type) throws ClassNotFoundException {
    Class<?> other = loader.loadClass(type.getName());
    if (other == type) {
      throw new IllegalStateException(type + " was not loaded anew");
    }
    return other;
  }

  @Override
  public void close() throws IOException {
    loader.close();
  }
}
