/*
 * Any bytes of somebody who looks at the monitor: they get a whole answer or none, the page only if they ask
 * this machine for it by an address in digits or as localhost, and the connection ends.
 */
#include "fuzz.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "monitor/listener.h"
#include "monitor/monitor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Reaches: monitor/monitor.c monitor/server.c monitor/host.c */

enum {
    LONGEST = 32 * 1024, /* bytes that a socket takes at once */
    LARGEST_ANSWER = 1 << 20,
    PATIENCE = 20 /* turns of the loop; an answer takes three */
};

/* The answers that are kept are made anew now and then. */
const struct fuzz_bound fuzz_bound = {.memory = 300, .blocks = 5, .steps = 500};

/* ---- in the place of listener.c: a socket without a network ---- */

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t address_size = sizeof(sa_family_t); /* the kernel finds a name */

int listener_open(const char *text, struct error *error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    (void)text;
    (void)error;
    must(fd >= 0 && bind(fd, (const struct sockaddr *)&address, address_size) == 0 && listen(fd, 4) == 0);
    address_size = sizeof(address);
    must(getsockname(fd, (struct sockaddr *)&address, &address_size) == 0);
    return fd;
}

bool listener_is_private(const char *text)
{
    (void)text;
    return true;
}

/* ---- somebody who looks ---- */

struct client {
    struct loop *loop;
    struct loop_watch watch;
    struct loop_timer timer; /* due in each turn of the loop */
    int patience;            /* turns until they go, if nothing comes */
    int fd;
    struct buffer answer;
};

static void came(void *context, uint32_t events)
{
    struct client *client = context;
    char bytes[4096];
    ssize_t count = read(client->fd, bytes, sizeof(bytes));

    (void)events;
    client->patience = PATIENCE;
    if (count > 0)
        must(buffer_append(&client->answer, bytes, (size_t)count));
    else
        loop_stop(client->loop);
}

/* Who has sent half a request may wait for seconds. */
static void turned(void *context)
{
    struct client *client = context;

    if (--client->patience == 0)
        loop_stop(client->loop);
    loop_timer_set(&client->timer, instant_now());
}

static void ask(struct client *client, const uint8_t *data, size_t size)
{
    struct error error;

    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    buffer_init(&client->answer, LARGEST_ANSWER);
    must(connect(client->fd, (const struct sockaddr *)&address, address_size) == 0);
    must(send(client->fd, data, size, MSG_NOSIGNAL) == (ssize_t)size);
    must(shutdown(client->fd, SHUT_WR) == 0);
    client->patience = PATIENCE;
    loop_timer_init(&client->timer, client->loop, turned, client);
    loop_timer_set(&client->timer, instant_now());
    loop_watch_init(&client->watch, client->loop, came, client);
    must(loop_watch_start(&client->watch, client->fd, EPOLLIN, &error));
    loop_run(client->loop);
    loop_timer_stop(&client->timer);
    loop_watch_stop(&client->watch);
    (void)close(client->fd);
}

/* ---- what they get ---- */

static bool is_among(long status, const long *statuses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (statuses[i] == status)
            return true;
    return false;
}

static size_t count_in(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strcasestr(text, part)); text++)
        count++;
    return count;
}

/* A line may end without \r. NULL: the headers do not end. */
static const char *end_of_headers(const char *request)
{
    const char *end = strstr(request, "\n\r\n"), *other = strstr(request, "\n\n");

    return !end || (other && other < end) ? other : end;
}

/* Whether the line goes on in the next one (RFC 9112 section 5.2), which no browser sends: the library has no
   value for it then. */
static bool is_folded(const char *line)
{
    const char *end = strchr(line, '\n');

    return end && (end[1] == ' ' || end[1] == '\t');
}

/* Where there is one Host header, and it begins with a letter, that is localhost. */
static void check_page(const char *request)
{
    const char *host = strcasestr(request, "\nHost:"), *end = end_of_headers(request);

    if (!host || !end || host > end || count_in(request, "host") != 1)
        return;
    host += strlen("\nHost:");
    if (is_folded(host))
        return;
    host += strspn(host, " \t");
    must(strchr("0123456789[", *host) || strncasecmp(host, "localhost", 9) == 0);
}

/* The library's own answers are those for what is no request at all. */
static void check_answer(const char *answer, const char *request)
{
    static const long ours[] = {200, 404, 405, 421, 503};
    static const long theirs[] = {400, 411, 413, 414, 417, 431, 500, 501, 505};
    long status;

    if (!*answer)
        return;
    must(strncmp(answer, "HTTP/1.", 7) == 0 && strlen(answer) > 12);
    status = strtol(answer + 9, NULL, 10);
    must(is_among(status, ours, sizeof(ours) / sizeof(ours[0])) ||
         is_among(status, theirs, sizeof(theirs) / sizeof(theirs[0])) || status == 100);
    if (is_among(status, ours, sizeof(ours) / sizeof(ours[0])))
        must(strstr(answer, "\r\nContent-Security-Policy: ") && strstr(answer, "\r\n\r\n"));
    if (strstr(answer, "\r\nContent-Type: text/html"))
        check_page(request);
}

static void look(void *context, struct monitor_state *ret_state)
{
    (void)context;
    ret_state->peers[0] = (struct monitor_peer){.name = "broker", .where = "q", .is_ready = true};
    ret_state->peers[1] = (struct monitor_peer){.name = "homeserver", .where = "h", .trouble = "away"};
}

static struct loop *begin(void)
{
    static const struct metric table[] = {{.name = "a_total", .type = METRIC_COUNTER, .help = "A number"}};
    struct loop *loop = loop_new(NULL);
    struct monitor *monitor = monitor_new(
        &(struct monitor_config){
            .listen = "x", .version = "1", .table = table, .metric_count = 1, .look = look},
        loop);

    must(loop && monitor);
    return loop;
}

void fuzz_try(const uint8_t *data, size_t size)
{
    static struct loop *loop;
    struct client client = {0};
    CLEANUP(freep) char *request = NULL;

    if (!loop)
        loop = begin();
    size = size < LONGEST ? size : LONGEST;
    request = text_copy_bytes((const char *)data, size);
    client.loop = loop;
    ask(&client, data, size);
    check_answer(buffer_text(&client.answer), request);
    buffer_deinit(&client.answer);
}
