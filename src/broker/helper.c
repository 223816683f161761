#include "broker/helper.h"

#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A deeply nested table of headers is decoded by recursion: the threads get as much stack as the loop has. */
enum { STACK_SIZE = 8 << 20, PATIENCE_SECONDS = 1 };

struct helper {
    pthread_t thread;
    int call;   /* eventfd, loop to thread */
    int wakeup; /* eventfd, thread to loop */
    void (*run)(struct helper *helper, void *context);
    void (*release)(void *context);
    void *context;
    atomic_uint sides; /* of the loop and the thread, those that still hold this */
    atomic_bool stopping;
    atomic_bool finished;
    pthread_mutex_t lock; /* of: */
    int guarded;
};

static void discard(struct helper *helper)
{
    closep(&helper->call);
    closep(&helper->wakeup);
    (void)pthread_mutex_destroy(&helper->lock);
    free(helper);
}

static void let_go(struct helper *helper)
{
    if (atomic_fetch_sub(&helper->sides, 1) > 1)
        return;
    helper->release(helper->context);
    discard(helper);
}

static void raise_eventfd(int fd)
{
    uint64_t one = 1;

    (void)!write(fd, &one, sizeof(one));
}

static void clear_eventfd(int fd)
{
    uint64_t count;

    (void)!read(fd, &count, sizeof(count));
}

static void *thread_main(void *context)
{
    struct helper *helper = context;

    helper->run(helper, helper->context);
    helper_guard(helper, -1);
    atomic_store(&helper->finished, true);
    raise_eventfd(helper->wakeup);
    let_go(helper);
    return NULL;
}

/* Signals are for the loop: the thread inherits a mask that blocks them all. */
static int start_thread(struct helper *helper)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int status = pthread_attr_init(&attributes);

    if (status != 0)
        return status;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    status = pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (status == 0)
        status = pthread_create(&helper->thread, &attributes, thread_main, helper);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return status;
}

/* Without a thread; `ret_status` is an errno. */
static struct helper *make(int *ret_status)
{
    struct helper *helper = NEW(struct helper);

    helper->guarded = -1;
    (void)pthread_mutex_init(&helper->lock, NULL);
    helper->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    helper->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *ret_status = helper->call < 0 || helper->wakeup < 0 ? errno : 0;
    return helper;
}

struct helper *helper_start(void (*run)(struct helper *helper, void *context), void *context,
                            void (*release)(void *context), struct error *error)
{
    int status;
    struct helper *helper = make(&status);

    helper->run = run;
    helper->release = release;
    helper->context = context;
    atomic_init(&helper->sides, 2);
    if (status == 0)
        status = start_thread(helper);
    if (status == 0)
        return helper;
    (void)error_set(error, "helper thread: %s", strerror(status));
    discard(helper);
    return NULL;
}

struct helper *helper_of_caller(struct error *error)
{
    int status;
    struct helper *helper = make(&status);

    if (status == 0)
        return helper;
    (void)error_set(error, "waiting: %s", strerror(status));
    discard(helper);
    return NULL;
}

void helper_stop(struct helper *helper)
{
    struct timespec until;

    if (!helper)
        return;
    if (!helper->run) { /* of the caller */
        discard(helper);
        return;
    }
    atomic_store(&helper->stopping, true);
    raise_eventfd(helper->call);
    (void)pthread_mutex_lock(&helper->lock);
    if (helper->guarded >= 0)
        (void)shutdown(helper->guarded, SHUT_RDWR);
    (void)pthread_mutex_unlock(&helper->lock);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_SECONDS;
    if (pthread_timedjoin_np(helper->thread, NULL, &until) != 0)
        (void)pthread_detach(helper->thread);
    let_go(helper);
}

void helper_call(struct helper *helper)
{
    raise_eventfd(helper->call);
}

int helper_wakeup(const struct helper *helper)
{
    return helper->wakeup;
}

void helper_silence(struct helper *helper)
{
    clear_eventfd(helper->wakeup);
}

bool helper_is_finished(const struct helper *helper)
{
    return atomic_load(&helper->finished);
}

void helper_ring(struct helper *helper)
{
    raise_eventfd(helper->wakeup);
}

bool helper_is_stopping(const struct helper *helper)
{
    return atomic_load(&helper->stopping);
}

void helper_wait(struct helper *helper, int fd, short events, instant until)
{
    struct pollfd watched[] = {{.fd = helper->call, .events = POLLIN}, {.fd = fd, .events = events}};
    instant now = instant_now();
    int64_t length = until > now ? until - now : 0;

    if (poll(watched, 2, length < INT32_MAX ? (int)length : INT32_MAX) > 0 && watched[0].revents)
        clear_eventfd(helper->call);
}

void helper_guard(struct helper *helper, int fd)
{
    (void)pthread_mutex_lock(&helper->lock);
    helper->guarded = fd;
    if (fd >= 0 && helper_is_stopping(helper))
        (void)shutdown(fd, SHUT_RDWR);
    (void)pthread_mutex_unlock(&helper->lock);
}
