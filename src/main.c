/* The command line: options, then the command; what a command does is in src/command/, and so is what --help
 * says. */
#include "base/dump.h"
#include "base/log.h"
#include "base/memory.h"
#include "command/command.h"
#include "command/usage.h"
#include "config/config.h"
#include "config/peers.h"

#include <getopt.h>
#include <jansson.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { MOST_OVERRIDES = 64, MOST_ARGUMENTS = 1000, LARGE_BLOCK = 256 * 1024 };

/* Options that only some commands take: one bit each. */
enum {
    TAKES_JSON = 1 << 0,
    TAKES_WAIT = 1 << 1,
    TAKES_NO_ENVIRONMENT = 1 << 2,
    TAKES_YES = 1 << 3,
    TAKES_INIT = 1 << 4
};

enum { LONGEST_WAIT = 86400 /* seconds */ };

static const struct command {
    const char *name;
    const char *arguments; /* for people; "" when it takes none */
    size_t fewest, most;   /* arguments */
    unsigned takes;        /* options */
    bool reads_settings;   /* by itself: it is run without them */
    int (*run)(const struct config *config, const struct command_options *options);
    const char *help;
} commands[] = {
    {"run", "", 0, 0, 0, false, command_run,
     "the daemon: consume the queue and keep the homeserver in line (default)"},
    {"check", "", 0, 0, TAKES_JSON | TAKES_WAIT | TAKES_NO_ENVIRONMENT, true, command_check,
     "what is wrong with settings, broker or homeserver, and what to do about it"},
    {"plan", "[FILE|-]", 0, 1, TAKES_JSON, false, command_plan,
     "what the requests in FILE would change on the homeserver, without changing it"},
    {"apply", "[FILE|-]", 0, 1, TAKES_JSON, false, command_apply,
     "do what the requests in FILE ask for; no broker is needed"},
    {"config", "", 0, 0, TAKES_JSON | TAKES_INIT, false, command_config,
     "the settings in force, and where each came from; with --init, the way to a first .env"},
    {"healthcheck", "", 0, 0, 0, false, command_healthcheck,
     "asks the running daemon whether it is alive, for containers"},
    {"dlq", "list|show N|retry [N|DIGEST|CODE]...|drop [N|DIGEST|CODE]...", 1, MOST_ARGUMENTS,
     TAKES_JSON | TAKES_YES, false, command_dlq, "dead letters: look at them, send them again, or drop them"},
    {"audit", "", 0, 0, TAKES_JSON, false, command_audit,
     "rooms and users of the sync that somebody should know of"},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* What the command line says. */
struct command_line {
    struct config_sources sources;
    const char *overrides[MOST_OVERRIDES + 1];
    size_t override_count;
    const struct command *command;
    struct command_options options;
    unsigned given; /* of the options that only some commands take */
};

/* clang-format off */
static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"set", required_argument, NULL, 's'},
    {"json", no_argument, NULL, 'j'},
    {"wait", required_argument, NULL, 'w'},
    {"no-environment", no_argument, NULL, 'n'},
    {"yes", no_argument, NULL, 'y'},
    {"init", no_argument, NULL, 'i'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {"markdown-settings", no_argument, NULL, 'm'},
    {"manual-page", no_argument, NULL, 'M'},
    {NULL, 0, NULL, 0},
};
/* clang-format on */

static const struct usage_row option_rows[] = {
    {"-c, --config", "FILE", "YAML file in place of config/default.yaml and the installed one"},
    {"-s, --set", "NAME=VALUE", "a setting, before all other sources (not for secrets: others can see it)"},
    {"-j, --json", "", "for machines: what a command prints is JSON"},
    {"    --wait", "SECONDS", "check: look again until there is no error, for so long"},
    {"    --no-environment", "", "check: only the files, without environment and servers"},
    {"-y, --yes", "", "do not ask before something is dropped"},
    {"    --init", "", "config: ask for what is needed, write it to .env, and check it"},
    {"-h, --help", "", "this text"},
    {"-V, --version", "", "the version"},
    {.name = NULL},
};

static void print_usage(void (*print)(const struct usage *usage, FILE *stream))
{
    struct usage_row command_rows[COMMANDS + 1] = {{.name = NULL}};

    for (size_t i = 0; i < COMMANDS; i++)
        command_rows[i] = (struct usage_row){commands[i].name, commands[i].arguments, commands[i].help};
    print(&(struct usage){command_rows, option_rows}, stdout);
}

/* ---- reading the command line ---- */

static int misused(const char *what, const char *expected)
{
    struct error error;

    (void)error_set(&error, "%s: %s; try 'synapse-sync --help'", what, expected);
    fprintf(stderr, "synapse-sync: %s\n", error.text);
    return COMMAND_MISUSED;
}

/* The status with which the process ends; -1: goes on. */
static int take_wait(struct command_line *line, const char *text)
{
    char *end;
    unsigned long seconds = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || seconds > LONGEST_WAIT)
        return misused("--wait", "expected a number of seconds, 86400 at most");
    line->options.wait_seconds = (unsigned)seconds;
    line->given |= TAKES_WAIT;
    return -1;
}

/* Likewise. */
static int take_option(struct command_line *line, int option)
{
    switch (option) {
    case 'c':
        line->sources.yaml_file = optarg;
        return -1;
    case 's':
        if (line->override_count == MOST_OVERRIDES)
            return misused("--set", "given too often");
        line->overrides[line->override_count++] = optarg;
        return -1;
    case 'j':
        line->options.json = true;
        line->given |= TAKES_JSON;
        return -1;
    case 'w':
        return take_wait(line, optarg);
    case 'n':
        line->sources.no_environment = true;
        line->given |= TAKES_NO_ENVIRONMENT;
        return -1;
    case 'y':
        line->options.yes = true;
        line->given |= TAKES_YES;
        return -1;
    case 'i':
        line->options.init = true;
        line->given |= TAKES_INIT;
        return -1;
    case 'h':
        print_usage(usage_print_help);
        return EXIT_SUCCESS;
    case 'V':
        puts("synapse-sync " SYNC_VERSION);
        return EXIT_SUCCESS;
    case 'm':
        config_print_markdown(stdout);
        return EXIT_SUCCESS;
    case 'M':
        print_usage(usage_print_manual);
        return EXIT_SUCCESS;
    default: /* getopt_long() has said why */
        fputs("Try 'synapse-sync --help'.\n", stderr);
        return COMMAND_MISUSED;
    }
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int refuse_options(const char *command, unsigned refused)
{
    static const char *const names[] = {"--json", "--wait", "--no-environment", "--yes",
                                        "--init"}; /* in the order of bits */
    struct error error;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (refused & 1U << i) {
            (void)error_set(&error, "it does not take %s", names[i]);
            return misused(command, error.text);
        }
    return -1;
}

static int check_use(const struct command_line *line)
{
    const struct command *command = line->command;
    size_t count = line->options.argument_count;
    /* A person who is asked is no machine. */
    unsigned takes = line->options.init ? command->takes & ~(unsigned)TAKES_JSON : command->takes;
    struct error error;

    if (line->given & ~takes)
        return refuse_options(command->name, line->given & ~takes);
    if (count > command->most)
        return misused(line->options.arguments[command->most], "one argument too many");
    if (count < command->fewest) {
        (void)error_set(&error, "expected %s", command->arguments);
        return misused(command->name, error.text);
    }
    return -1;
}

static int read_command_line(struct command_line *line, int argc, char **argv)
{
    int option, status = -1;

    line->sources.overrides = line->overrides;
    line->options.sources = &line->sources;
    while (status == -1 && (option = getopt_long(argc, argv, "c:s:jyhV", long_options, NULL)) != -1)
        status = take_option(line, option);
    if (status != -1)
        return status;
    line->command = optind < argc ? find_command(argv[optind]) : &commands[0];
    if (!line->command)
        return misused(argv[optind], "there is no such command");
    if (optind < argc) {
        line->options.arguments = (const char *const *)argv + optind + 1;
        line->options.argument_count = (size_t)(argc - optind - 1);
    }
    return check_use(line);
}

/* ---- running a command ---- */

/* Glibc would keep more and larger blocks for itself once some were freed (man 3 mallopt, M_MMAP_THRESHOLD),
   and between what is still in use they cannot be given back. */
static void return_large_blocks(void)
{
#ifdef M_MMAP_THRESHOLD
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
#endif
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_malloc(size);
}

/* Of no size: the library's own frees then. */
static void *openssl_realloc(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size > 0)
        return memory_realloc(block, size);
    memory_free_secret(block);
    return NULL;
}

static void openssl_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    memory_free_secret(block);
}

/*
 * Memory that does not fail (base/memory.h; libcurl gets it in http/exchange.c). What a message says must not
 * be taken for invalid because memory ran out; and it may hold a password, a reply a token. OpenSSL 3.0 reads
 * from NULL where memory is lacking when it is first used, whatever for.
 */
static void give_memory_to_libraries(void)
{
    json_set_alloc_funcs(memory_malloc, memory_free_secret);
    json_object_seed(0);
    (void)CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
}

static int run(const struct command_line *line)
{
    CLEANUP(config_freep) struct config *config = NULL;
    struct error error;

    give_memory_to_libraries();
    return_large_blocks();
    if (line->command->reads_settings || line->options.init)
        return line->command->run(NULL, &line->options);
    config = config_load(&line->sources, &error);
    if (!config)
        return EX_CONFIG; /* a service manager need not try again; the log says what is wrong */
    log_configure(config->log.level, config->log.format);
    config_warn_of_plain_text(config);
    return line->command->run(config, &line->options);
}

int main(int argc, char **argv)
{
    struct command_line line = {.command = NULL};
    int status;

    dump_forbid();
    status = read_command_line(&line, argc, argv);
    return status == -1 ? run(&line) : status;
}
