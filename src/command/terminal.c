/*
 * readpassphrase(3) would be the library for the hidden half of it; it is not among what the program is
 * linked with, and getpass(3) neither restores the terminal after SIGTERM nor tells an empty answer from
 * none.
 */
#include "command/terminal.h"

#include "base/memory.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum { LONGEST_LINE = 4096 /* termios(3), canonical mode */ };

struct terminal {
    struct termios modes; /* as they were */
    sigset_t mask;        /* likewise */
    int signals;
};

bool terminal_is_there(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* SIGTSTP too: a shell would not know that the terminal is to show again what is typed. */
static sigset_t ends(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        (void)sigaddset(&set, numbers[i]);
    return set;
}

struct terminal *terminal_open(struct error *error)
{
    struct terminal *terminal = NEW(struct terminal);
    sigset_t set = ends();

    terminal->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (terminal->signals < 0 || tcgetattr(STDIN_FILENO, &terminal->modes) != 0) {
        (void)error_set(error, "the terminal cannot be used: %s", strerror(errno));
        closep(&terminal->signals);
        free(terminal);
        return NULL;
    }
    (void)sigprocmask(SIG_BLOCK, &set, &terminal->mask);
    return terminal;
}

/* What came last is not delivered behind our back when it is no longer blocked. */
static void forget_signals(const struct terminal *terminal)
{
    struct pollfd waiting = {.fd = terminal->signals, .events = POLLIN};
    struct signalfd_siginfo one;

    while (poll(&waiting, 1, 0) > 0 && read(terminal->signals, &one, sizeof(one)) > 0)
        ;
}

void terminal_close(struct terminal *terminal)
{
    if (!terminal)
        return;
    forget_signals(terminal);
    (void)sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
    (void)close(terminal->signals);
    free(terminal);
}

/* False: a signal came first. */
static bool await_line(const struct terminal *terminal)
{
    struct pollfd waiting[] = {{.fd = terminal->signals, .events = POLLIN},
                               {.fd = STDIN_FILENO, .events = POLLIN}};

    while (poll(waiting, 2, -1) < 0)
        if (errno != EINTR)
            return false;
    return !waiting[0].revents;
}

static char *read_line(const struct terminal *terminal)
{
    char line[LONGEST_LINE + 1];
    ssize_t size = await_line(terminal) ? read(STDIN_FILENO, line, LONGEST_LINE) : 0;
    char *answer = size > 0 ? text_copy_bytes(line, (size_t)size) : NULL;

    explicit_bzero(line, sizeof(line));
    if (answer)
        answer[strcspn(answer, "\r\n")] = '\0';
    return answer;
}

char *terminal_ask(struct terminal *terminal, const char *question, bool is_hidden)
{
    struct termios modes = terminal->modes;
    char *answer;

    if (is_hidden) {
        modes.c_lflag &= ~(tcflag_t)ECHO;
        modes.c_lflag |= ECHONL;
    }
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
    (void)fputs(question, stdout);
    (void)fflush(stdout);
    answer = read_line(terminal);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->modes);
    if (!answer)
        (void)putchar('\n');
    return answer;
}
