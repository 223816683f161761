/*
 * dlq: the dead letters, in a person's hands. What is done to the queue is in broker/letters.h; what is shown
 * of a letter, and what never is, in the files beside this one.
 *
 * Numbers are places in the queue. They stay what they are until a letter in front is taken away; the daemon
 * adds its letters at the end.
 */
#include "base/memory.h"
#include "broker/letters.h"
#include "command/command.h"
#include "command/dlq_choice.h"
#include "command/dlq_print.h"
#include "command/setup.h"
#include "config/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct dlq {
    const struct command_options *options;
    const char *queue; /* where the messages came from */
    struct secrets *secrets;
    struct dlq_choice *choice;
    struct letters *letters;
    time_t now;
    struct dlq_rows chosen;
    json_t *left; /* retry: those that were meant and are still there, and why */
    size_t done;
};

static int complain(const char *text)
{
    fprintf(stderr, "synapse-sync: %s\n", text);
    return EXIT_FAILURE;
}

static bool print_json(json_t *value)
{
    bool printed = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0;

    json_decref(value);
    return printed && putchar('\n') != EOF;
}

/* Whether all that was printed got out. To be asked at once: what comes between may fail for a reason of its
   own. */
static bool is_out(bool well, struct error *error)
{
    return (well && fflush(stdout) == 0 && !ferror(stdout)) ||
           error_set(error, "standard output: %s", strerror(errno));
}

static int printed(bool well)
{
    struct error error;

    return is_out(well, &error) ? EXIT_SUCCESS : complain(error.text);
}

/* ---- going through the queue ---- */

/* What is done with a letter that is meant; false: it ends there, and the error says why. */
typedef bool visitor(struct dlq *dlq, const struct letter *letter, struct error *error);

/* To the end, whatever happens: a quorum queue changes the order if only some are looked at. */
static bool go_through(struct dlq *dlq, visitor *visit, struct error *error)
{
    enum letters_next next = letters_are_there(dlq->letters) ? LETTERS_ONE : LETTERS_END;
    bool went = true;

    while (next == LETTERS_ONE) {
        CLEANUP(letter_freep) struct letter *letter = NULL;
        struct error later;

        next = letters_next(dlq->letters, &letter, went ? error : &later);
        if (next == LETTERS_ONE && went &&
            dlq_choice_takes(dlq->choice, letter->number, letter->code, letter->digest))
            went = visit(dlq, letter, error);
    }
    return went && next != LETTERS_FAILED;
}

static bool note(struct dlq *dlq, const struct letter *letter, struct error *error)
{
    (void)error;
    dlq_rows_add(&dlq->chosen, letter, dlq->secrets, dlq->now);
    return true;
}

static bool show(struct dlq *dlq, const struct letter *letter, struct error *error)
{
    bool well = true;

    if (dlq->options->json)
        well = print_json(dlq_letter_json(letter, dlq->secrets, dlq->now));
    else
        dlq_print_letter(letter, dlq->secrets, dlq->now, stdout);
    return is_out(well, error);
}

static void leave(struct dlq *dlq, const struct letter *letter, const char *reason)
{
    (void)json_array_append_new(dlq->left, json_pack("{s:i, s:s, s:s}", "number", (int)letter->number,
                                                     "digest", letter->digest, "reason", reason));
    if (!dlq->options->json)
        printf("left: %u %s: %s\n", letter->number, letter->digest, reason);
}

static bool retry(struct dlq *dlq, const struct letter *letter, struct error *error)
{
    const char *objection = letters_objection(dlq->letters, letter);

    if (objection) {
        leave(dlq, letter, objection);
        return true;
    }
    if (!letters_retry(dlq->letters, letter, error)) {
        leave(dlq, letter, error->text);
        return false;
    }
    dlq->done++;
    return true;
}

/* Gives the others back, whatever happened before; `went` says whether all went well until now. */
static bool close_letters(struct dlq *dlq, bool went, struct error *error)
{
    struct error at_the_end;

    if (letters_close(dlq->letters, went ? error : &at_the_end))
        return went;
    return false;
}

/* What was asked for and is not there. */
static int missing(const struct dlq *dlq)
{
    const char *unmet = dlq_choice_unmet(dlq->choice);
    struct error error;

    if (!unmet)
        return EXIT_SUCCESS;
    (void)error_set(&error, "%s: no such letter in %s", unmet, letters_queue(dlq->letters));
    return complain(error.text);
}

static int worse(int a, int b)
{
    return a > b ? a : b;
}

/* ---- the four of them ---- */

static int list_letters(struct dlq *dlq)
{
    struct error error;
    bool went = close_letters(dlq, go_through(dlq, note, &error), &error);
    bool well = true;

    if (dlq->options->json)
        well = print_json(dlq_rows_json(&dlq->chosen));
    else if (!letters_are_there(dlq->letters))
        printf("no dead letters: there is no queue %s\n", letters_queue(dlq->letters));
    else if (dlq->chosen.count == 0)
        printf("no dead letters in %s\n", letters_queue(dlq->letters));
    else
        dlq_print_table(&dlq->chosen, stdout);
    return worse(printed(well), went ? EXIT_SUCCESS : complain(error.text));
}

static int show_letter(struct dlq *dlq)
{
    struct error error;
    bool went = close_letters(dlq, go_through(dlq, show, &error), &error);

    return went ? missing(dlq) : complain(error.text);
}

static void say_retried(const struct dlq *dlq)
{
    printf("%zu sent again", dlq->done);
    if (dlq->done > 0)
        printf(": they come last in queue %s", dlq->queue);
    putchar('\n');
}

static int retry_letters(struct dlq *dlq)
{
    struct error error;
    bool went = close_letters(dlq, go_through(dlq, retry, &error), &error), well = true;
    bool all = json_array_size(dlq->left) == 0;

    if (dlq->options->json)
        well = print_json(json_pack("{s:i, s:O}", "retried", (int)dlq->done, "left", dlq->left));
    else
        say_retried(dlq);
    if (!went)
        return worse(printed(well), complain(error.text));
    return worse(worse(printed(well), missing(dlq)), all ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Whether a person says yes. Nothing but the answer is read. */
static bool ask(struct dlq *dlq, struct error *error)
{
    char answer[16] = "";
    ssize_t size;

    dlq_print_table(&dlq->chosen, stdout);
    printf("Drop %s %zu for good? [y/N] ", dlq->chosen.count == 1 ? "this" : "these", dlq->chosen.count);
    fflush(stdout);
    if (!letters_await(dlq->letters, STDIN_FILENO, error))
        return false;
    size = read(STDIN_FILENO, answer, sizeof(answer) - 1);
    if (size <= 0)
        putchar('\n');
    answer[size > 0 ? size : 0] = '\0';
    answer[strcspn(answer, "\r\n")] = '\0';
    if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
        return true;
    return error_set(error, "nothing was dropped");
}

static bool drop_chosen(struct dlq *dlq, struct error *error)
{
    for (size_t i = 0; i < dlq->chosen.count; i++)
        if (!letters_drop(dlq->letters, dlq->chosen.rows[i].tag, error))
            return false;
    return true;
}

static int drop_letters(struct dlq *dlq)
{
    struct error error;
    bool well = true, went = go_through(dlq, note, &error);

    if (went && dlq->chosen.count > 0)
        went = (dlq->options->yes || ask(dlq, &error)) && drop_chosen(dlq, &error);
    if (!close_letters(dlq, went, &error))
        return complain(error.text);
    if (dlq->options->json)
        well = print_json(json_pack("{s:i}", "dropped", (int)dlq->chosen.count));
    else
        printf("%zu dropped\n", dlq->chosen.count);
    return worse(printed(well), missing(dlq));
}

/* ---- the command line ---- */

static const struct action {
    const char *name;
    size_t fewest, most; /* arguments behind it */
    bool asks;
    int (*run)(struct dlq *dlq);
} actions[] = {
    {"list", 0, 0, false, list_letters},
    {"show", 1, 1, false, show_letter},
    {"retry", 0, SIZE_MAX, false, retry_letters},
    {"drop", 0, SIZE_MAX, true, drop_letters},
};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

/* What is wrong with the command line; NULL: nothing. */
static const char *misuse(const struct action *action, const struct command_options *options)
{
    size_t count = options->argument_count - 1;

    if (!action)
        return "dlq: expected list, show, retry or drop; try 'synapse-sync --help'";
    if (count < action->fewest)
        return "dlq show: expected the number or the digest of a letter";
    if (count > action->most)
        return "dlq: one argument too many; try 'synapse-sync --help'";
    if (options->yes && !action->asks)
        return "dlq: --yes is for drop";
    if (action->asks && !options->yes && !isatty(STDIN_FILENO))
        return "dlq drop: there is no terminal to ask on: say --yes";
    return NULL;
}

static struct secrets *own_secrets(const struct config *config)
{
    CLEANUP(text_free_secretp) char *broker = config_uri_password(config->rabbitmq.uri);
    CLEANUP(text_free_secretp) char *proxy = config_uri_password(config->http.proxy);
    struct secrets *secrets = secrets_new();

    secrets_add(secrets, broker);
    secrets_add(secrets, proxy);
    secrets_add(secrets, config->matrix.secret);
    secrets_add(secrets, config->matrix.sync_user_password);
    secrets_add(secrets, config->matrix.sync_user_token);
    secrets_add(secrets, config->matrix.mas_client_secret);
    return secrets;
}

static int run(struct dlq *dlq, const struct action *action, const struct config *config)
{
    const struct broker_config broker = setup_broker(config);
    struct error error;
    int status;

    dlq->letters = letters_open(&broker, &error);
    if (!dlq->letters)
        return complain(error.text);
    dlq->secrets = own_secrets(config);
    dlq->left = json_array();
    status = action->run(dlq);
    letters_free(dlq->letters);
    dlq_rows_deinit(&dlq->chosen);
    json_decref(dlq->left);
    secrets_free(dlq->secrets);
    return status;
}

int command_dlq(const struct config *config, const struct command_options *options)
{
    struct dlq dlq = {.options = options, .queue = config->rabbitmq.queue, .now = time(NULL)};
    const struct action *action = find_action(options->arguments[0]);
    const char *wrong = misuse(action, options);
    struct error error;
    int status;

    if (wrong) {
        (void)complain(wrong);
        return COMMAND_MISUSED;
    }
    dlq.choice = dlq_choice_new(options->arguments + 1, options->argument_count - 1, &error);
    if (!dlq.choice) {
        (void)complain(error.text);
        return COMMAND_MISUSED;
    }
    status = run(&dlq, action, config);
    dlq_choice_free(dlq.choice);
    return status;
}
