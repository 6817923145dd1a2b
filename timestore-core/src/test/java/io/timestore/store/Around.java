package io.timestore.store;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/** What a test does around each call of an object: before it, after it, or in its place. */
interface Around {

  /** The call as it would be without the test. */
  interface Original {
    @Nullable Object call() throws Throwable;
  }

  /** Answers the call. */
  @Nullable Object call(Method method, Object[] arguments, Original original) throws Throwable;

  /** The target, with this around each of its calls. */
  static <T> T calls(Class<T> type, T target, Around around) {
    InvocationHandler handler =
        (proxy, method, arguments) ->
            around.call(
                method,
                arguments,
                () -> {
                  try {
                    return method.invoke(target, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
