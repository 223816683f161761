/*
 * The pump between the loop and libcurl ("multi socket" interface, man libcurl-multi).
 *
 * libcurl says by two callbacks what it waits for (socket_wanted, timer_wanted); the loop says what came
 * (socket_ready, timer_due), which lets libcurl work. libcurl may not be called from its own callbacks, so
 * the two "wanted" functions only note things down, and what has finished is taken from libcurl's list of
 * messages after it returned.
 *
 * A removed handle takes its message along, so a call that is cancelled while others are being reported is
 * not reported any more.
 */
#include "http/pump.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <sys/epoll.h>

/* A socket of libcurl's that is watched; libcurl keeps the pointer for us (curl_multi_assign). */
struct pump_socket {
    struct http_pump *pump;
    struct loop_watch watch;
};

static void report_finished(struct http_pump *pump)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(pump->multi, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        http_pump_remove(pump, easy);
        pump->finished(pump->context, easy, code);
    }
}

static void let_work(struct http_pump *pump, curl_socket_t fd, int events)
{
    int running;

    (void)curl_multi_socket_action(pump->multi, fd, events, &running);
    report_finished(pump);
}

/*
 * Errors are to be read from the socket, like data: told of an error alone, libcurl would not look whether a
 * reply is still there. `socket` may be freed during the call.
 */
static void socket_ready(void *context, uint32_t events)
{
    struct pump_socket *socket = context;
    int actions = 0;

    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        actions |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        actions |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP))
        actions |= CURL_CSELECT_ERR;
    let_work(socket->pump, socket->watch.fd, actions);
}

static void timer_due(void *context)
{
    let_work(context, CURL_SOCKET_TIMEOUT, 0);
}

/* Should the watch fail (no memory in the kernel), the transfer ends by its time limit. */
static void watch_socket(struct http_pump *pump, curl_socket_t fd, uint32_t events)
{
    struct pump_socket *socket = NEW(struct pump_socket);
    struct error error;

    socket->pump = pump;
    loop_watch_init(&socket->watch, pump->loop, socket_ready, socket);
    if (!loop_watch_start(&socket->watch, fd, events, &error)) {
        log_error("http-socket-not-watched", LOG_TEXT("problem", error.text));
        free(socket);
        return;
    }
    (void)curl_multi_assign(pump->multi, fd, socket);
}

/* CURLMOPT_SOCKETFUNCTION */
static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
    struct pump_socket *socket = socket_context;
    uint32_t events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (socket)
            loop_watch_stop(&socket->watch);
        free(socket);
        return 0;
    }
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= EPOLLOUT;
    if (socket)
        loop_watch_change(&socket->watch, events);
    else
        watch_socket(context, fd, events);
    return 0;
}

/* CURLMOPT_TIMERFUNCTION; -1: no timer */
static int timer_wanted(CURLM *multi, long milliseconds, void *context)
{
    struct http_pump *pump = context;

    (void)multi;
    loop_timer_set(&pump->timer, milliseconds < 0 ? INSTANT_NEVER : instant_now() + milliseconds);
    return 0;
}

void http_pump_keep(struct http_pump *pump, long connections)
{
    (void)curl_multi_setopt(pump->multi, CURLMOPT_MAXCONNECTS, connections); /* it was taken at the start */
}

bool http_pump_start(struct http_pump *pump, struct loop *loop, long connections,
                     void (*finished)(void *context, CURL *easy, CURLcode code), void *context,
                     struct error *error)
{
    bool set;

    *pump = (struct http_pump){.loop = loop, .finished = finished, .context = context};
    loop_timer_init(&pump->timer, loop, timer_due, pump);
    pump->multi = curl_multi_init();
    memory_must(pump->multi);
    set = curl_multi_setopt(pump->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted) == CURLM_OK &&
          curl_multi_setopt(pump->multi, CURLMOPT_SOCKETDATA, pump) == CURLM_OK &&
          curl_multi_setopt(pump->multi, CURLMOPT_TIMERFUNCTION, timer_wanted) == CURLM_OK &&
          curl_multi_setopt(pump->multi, CURLMOPT_TIMERDATA, pump) == CURLM_OK &&
          curl_multi_setopt(pump->multi, CURLMOPT_MAXCONNECTS, connections) == CURLM_OK;
    if (!set) {
        http_pump_stop(pump);
        return error_set(error, "this libcurl lacks what is needed");
    }
    return true;
}

void http_pump_stop(struct http_pump *pump)
{
    if (!pump->multi)
        return;
    (void)curl_multi_cleanup(pump->multi);
    pump->multi = NULL;
    loop_timer_stop(&pump->timer);
}

void http_pump_add(struct http_pump *pump, CURL *easy)
{
    memory_must(curl_multi_add_handle(pump->multi, easy) == CURLM_OK); /* else it would never finish */
}

void http_pump_remove(struct http_pump *pump, CURL *easy)
{
    (void)curl_multi_remove_handle(pump->multi, easy);
}
