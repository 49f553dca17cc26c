"""The epoch ticker: one C thread that ends every guest's time slice, for all engines.

Each tick increments the epoch of every watched engine, which makes a running guest yield at its
next check. `guest_enters` and `guest_leaves` bracket a poll. The thread lingers for a few ticks after
the last guest left, so that calls in quick succession do not wake it each time, then parks.

The parking is safe without a lock on the fast path: the thread clears `awake` and then looks at
`running`; a guest raises `running` and then looks at `awake`. One of the two sees the other.
"""

from libc.stdint cimport int64_t, uint64_t

from innkeeper_core.capi cimport api

cdef extern from *:
    """
    #include <pthread.h>
    #include <time.h>
    #include <stdint.h>

    static int64_t ink_running = 0;
    static int ink_awake = 0;

    static inline void ink_add(int64_t n) { __atomic_add_fetch(&ink_running, n, __ATOMIC_SEQ_CST); }
    static inline int64_t ink_guests(void) { return __atomic_load_n(&ink_running, __ATOMIC_SEQ_CST); }
    static inline int ink_is_awake(void) { return __atomic_load_n(&ink_awake, __ATOMIC_SEQ_CST); }
    static inline void ink_set_awake(int on) { __atomic_store_n(&ink_awake, on, __ATOMIC_SEQ_CST); }
    static pthread_mutex_t ink_lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t ink_wake = PTHREAD_COND_INITIALIZER;
    static void ink_take(void) { pthread_mutex_lock(&ink_lock); }
    static void ink_give(void) { pthread_mutex_unlock(&ink_lock); }
    static void ink_park(void) { pthread_cond_wait(&ink_wake, &ink_lock); }
    static void ink_signal(void) { pthread_cond_signal(&ink_wake); }
    static void ink_sleep(long ns) { struct timespec t = {0, ns}; nanosleep(&t, 0); }
    static int ink_spawn(void* (*body)(void*)) {
        pthread_t id; pthread_attr_t a; int r;
        pthread_attr_init(&a);
        pthread_attr_setstacksize(&a, 128 * 1024);
        pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
        r = pthread_create(&id, &a, body, 0);
        pthread_attr_destroy(&a);
        return r;
    }
    """
    void ink_add(int64_t) noexcept nogil
    int64_t ink_guests() noexcept nogil
    int ink_is_awake() noexcept nogil
    void ink_set_awake(int) noexcept nogil
    void ink_take() noexcept nogil
    void ink_give() noexcept nogil
    void ink_park() noexcept nogil
    void ink_signal() noexcept nogil
    void ink_sleep(long) noexcept nogil
    int ink_spawn(void* (*)(void*) noexcept nogil) noexcept nogil

cdef enum:
    TICK_NS = 1000000
    LINGER_TICKS = 20
    ENGINES_MAX = 64

TICK_S = TICK_NS / 1e9

cdef void* engines[ENGINES_MAX]
cdef int engines_count = 0
cdef bint started = False
cdef uint64_t ticked = 0


cdef int watch(void* engine) except -1:
    """Tick this engine from now on."""
    global engines_count, started
    cdef bint full
    if not started:
        if ink_spawn(tick_forever) != 0:
            raise RuntimeError("the ticker thread cannot be started: the process may be out of threads")
        started = True
    with nogil:
        ink_take()
        full = engines_count == ENGINES_MAX
        if not full:
            engines[engines_count] = engine
            engines_count += 1
        ink_give()
    if full:
        raise RuntimeError(f"more than {ENGINES_MAX} engines in one process")
    return 0


cdef void forget(void* engine) noexcept:
    """Stop ticking this engine; when this returns the thread no longer touches it."""
    global engines_count
    cdef int i
    with nogil:
        ink_take()
        for i in range(engines_count):
            if engines[i] == engine:
                engines_count -= 1
                engines[i] = engines[engines_count]
                break
        ink_give()


cdef void guest_enters() noexcept nogil:
    ink_add(1)
    if not ink_is_awake():
        ink_take()
        ink_signal()
        ink_give()


cdef void guest_leaves() noexcept nogil:
    ink_add(-1)


cdef uint64_t ticks_now() noexcept nogil:
    """As `ticks`."""
    return ticked


cdef void* tick_forever(void* nothing) noexcept nogil:
    global ticked
    cdef int i, idle = 0
    ink_set_awake(1)
    while True:
        ink_sleep(TICK_NS)
        ink_take()
        ticked += 1
        for i in range(engines_count):
            api.engine_increment_epoch(engines[i])
        idle = 0 if ink_guests() > 0 else idle + 1
        if idle > LINGER_TICKS:
            ink_set_awake(0)
            while ink_guests() == 0:
                ink_park()
            ink_set_awake(1)
            idle = 0
        ink_give()
    return NULL


def ticks():
    """How often the thread has ticked since the process began."""
    return ticked
