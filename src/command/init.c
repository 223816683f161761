#include "command/init.h"

#include "base/memory.h"
#include "command/init_accounts.h"
#include "command/terminal.h"
#include "config/draft.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME ".env"

struct question {
    const char *setting, *text;
    bool is_hidden;   /* the answer may be a secret */
    bool is_optional; /* there may be no answer */
};

static const struct question servers[] = {
    {"MATRIX_MESSENGER__URI", "Homeserver, as seen from here, such as http://localhost:8008", false, false},
    {"MATRIX_MESSENGER__SERVERNAME", "Server name, the part of ids behind the colon, such as example.org",
     false, false},
    {"MATRIX_MESSENGER__SYNC_USER_NAME", "User that does the work, a server admin", false, false},
};

/* The ways to log in, by the number that is answered. */
static const struct question ways[] = {
    {"MATRIX_MESSENGER__SYNC_USER_PASSWORD", "Password (is not shown)", true, false},
    {"MATRIX_MESSENGER__SECRET", "Shared secret (is not shown)", true, false},
    {"MATRIX_MESSENGER__SYNC_USER_TOKEN", "Access token (is not shown)", true, false},
};
static const char way_question[] = "Logs in by: 1 password, 2 secret of the Shared Secret Authenticator, "
                                   "3 access token [1]: ";

static const struct question mas_client = {"MATRIX_MESSENGER__MAS_CLIENT_ID",
                                           "Client of that service, one of its admin_clients", false, true};
static const struct question mas_secret = {"MATRIX_MESSENGER__MAS_CLIENT_SECRET",
                                           "Secret of the client (is not shown)", true, false};

static const struct question broker[] = {
    {"RABBITMQ_URI", "RabbitMQ, such as amqp://user:password@localhost (is not shown)", true, false},
    {"RABBITMQ_MATRIX_QUEUE_EXTERNAL", "Queue", false, false},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Asks until there is an answer that can be used; none keeps the default, or leaves out what is optional.
   False: the person had enough. */
static bool ask(struct terminal *terminal, const struct question *question, struct config_draft *draft)
{
    const char *fallback = config_draft_default(question->setting);
    CLEANUP(freep)
    char *text =
        fallback ? text_format("%s [%s]: ", question->text, fallback) : text_format("%s: ", question->text);

    for (;;) {
        CLEANUP(text_free_secretp) char *answer = terminal_ask(terminal, text, question->is_hidden);
        struct error error;

        if (!answer)
            return false;
        if ((!*answer && (fallback || question->is_optional)) ||
            config_draft_add(draft, question->setting, answer, &error))
            return true;
        printf("  %s\n", error.text);
    }
}

static bool ask_each(struct terminal *terminal, const struct question *questions, size_t count,
                     struct config_draft *draft)
{
    for (size_t i = 0; i < count; i++)
        if (!ask(terminal, &questions[i], draft))
            return false;
    return true;
}

/* NULL: the person had enough. */
static const struct question *ask_for_way(struct terminal *terminal)
{
    for (;;) {
        CLEANUP(text_free_secretp) char *answer = terminal_ask(terminal, way_question, false);

        if (!answer)
            return NULL;
        if (!*answer)
            return &ways[0];
        if (*answer >= '1' && (size_t)(*answer - '1') < COUNT(ways) && answer[1] == '\0')
            return &ways[*answer - '1'];
        puts("  expected 1, 2 or 3");
    }
}

/* Where the Matrix Authentication Service keeps the accounts and does not take the token. Who has no client
   there needs another token; `check` tells of both. */
static bool ask_for_mas(struct terminal *terminal, struct config_draft *draft)
{
    const struct config *config = config_draft_config(draft);

    if (!init_needs_mas_client(config))
        return true;
    puts("  The Matrix Authentication Service keeps the accounts, and does not take this token.");
    return ask(terminal, &mas_client, draft) &&
           (!config->matrix.mas_client_id || ask(terminal, &mas_secret, draft));
}

static bool ask_all(struct config_draft *draft, struct error *error)
{
    CLEANUP(terminal_closep) struct terminal *terminal = terminal_open(error);
    const struct question *way;

    if (!terminal)
        return false;
    puts("Enter alone takes what is in brackets; Ctrl-C ends it, and nothing is written.\n");
    return (ask_each(terminal, servers, COUNT(servers), draft) && (way = ask_for_way(terminal)) &&
            ask(terminal, way, draft) && ask_for_mas(terminal, draft) &&
            ask_each(terminal, broker, COUNT(broker), draft)) ||
           error_set(error, "nothing was written");
}

static bool make_file(struct error *error)
{
    CLEANUP(config_draft_freep) struct config_draft *draft = config_draft_new();

    return ask_all(draft, error) && config_draft_write(draft, FILE_NAME, error);
}

static void tell_next(int status)
{
    if (status == EXIT_SUCCESS)
        puts("\nNext, run it here:      synapse-sync\n"
             "or as a service:        sudo install -D -m 600 " FILE_NAME
             " /etc/synapse-sync/synapse-sync.env &&\n"
             "                        sudo systemctl enable --now synapse-sync");
    else
        puts("\nNext: do what it says above, or edit " FILE_NAME "; `synapse-sync check` looks again.");
}

static int complain(const char *text, int status)
{
    fprintf(stderr, "synapse-sync: config --init: %s\n", text);
    return status;
}

int init_run(const struct command_options *options)
{
    struct error error;
    int status;

    if (!terminal_is_there())
        return complain("there is no terminal to ask on: edit a copy of .env.sample, called " FILE_NAME
                        ", and look at it with `synapse-sync check`",
                        COMMAND_MISUSED);
    /* Said before anybody has answered anything; what never overwrites is config_draft_write(). */
    if (faccessat(AT_FDCWD, FILE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return complain("there is a " FILE_NAME " already, and it stays as it is: edit it, or move it away",
                        EXIT_FAILURE);
    if (!make_file(&error))
        return complain(error.text, EXIT_FAILURE);
    puts("\n" FILE_NAME " is written; nobody but you may read it. This is what is found with it:\n");
    (void)fflush(stdout);
    status = command_check(NULL, options);
    tell_next(status);
    return status;
}
