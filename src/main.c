/* The command line: options, then the command; what a command does is in src/command/. */
#include "base/dump.h"
#include "base/log.h"
#include "base/memory.h"
#include "command/command.h"
#include "config/config.h"
#include "config/peers.h"

#include <getopt.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { EXIT_USAGE = 2, MOST_OVERRIDES = 64, LARGE_BLOCK = 256 * 1024 };

static const struct command {
    const char *name;
    int (*run)(const struct config *config, const struct command_options *options);
    const char *help;
} commands[] = {
    {"run", command_run, "the daemon: consume the queue and keep the homeserver in line (default)"},
    {"config", command_config, "the settings in force, and where each came from"},
};

static void print_help(void)
{
    puts("Usage: synapse-sync [OPTION]... [COMMAND]\n"
         "Keeps a Matrix Synapse homeserver in line with requests from a RabbitMQ queue.\n"
         "\nCommands:");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        printf("  %-12s %s\n", commands[i].name, commands[i].help);
    puts("\nOptions:\n"
         "  -c, --config FILE     YAML file in place of config/default.yaml\n"
         "  -s, --set NAME=VALUE  a setting, before all other sources (not for secrets: others can see it)\n"
         "  -j, --json            for machines: what a command prints is JSON\n"
         "  -h, --help            this text\n"
         "  -V, --version         the version\n"
         "\nSettings (environment, .env in the working directory, or YAML):");
    config_print_help(stdout);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* What a message says must not be taken for invalid because memory ran out. */
static void *allocate(size_t size)
{
    return memory_resize(NULL, size, 1);
}

/* Glibc would keep more and larger blocks for itself once some were freed (man 3 mallopt, M_MMAP_THRESHOLD),
   and between what is still in use they cannot be given back. */
static void return_large_blocks(void)
{
#ifdef M_MMAP_THRESHOLD
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
#endif
}

static int run(const struct command *command, const struct config_sources *sources,
               const struct command_options *options)
{
    CLEANUP(config_freep) struct config *config = NULL;
    struct error error;

    json_set_alloc_funcs(allocate, memory_free_secret); /* a message may hold a password, a reply a token */
    json_object_seed(0);
    return_large_blocks();
    config = config_load(sources, &error);
    if (!config) {
        fprintf(stderr, "synapse-sync: %s\n", error.text);
        return EX_CONFIG; /* a service manager need not try again */
    }
    log_configure(config->log.level, config->log.format);
    config_warn_of_plain_text(config);
    return command->run(config, options);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"set", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {"markdown-settings", no_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    const char *overrides[MOST_OVERRIDES + 1] = {NULL};
    struct config_sources sources = {.overrides = overrides};
    const struct command *command = &commands[0];
    struct command_options command_options = {.json = false};
    size_t override_count = 0;
    struct error error;
    int option;

    dump_forbid();
    while ((option = getopt_long(argc, argv, "c:s:jhV", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            sources.yaml_file = optarg;
            break;
        case 's':
            if (override_count < MOST_OVERRIDES)
                overrides[override_count++] = optarg;
            break;
        case 'j':
            command_options.json = true;
            break;
        case 'h':
            print_help();
            return EXIT_SUCCESS;
        case 'V':
            puts("synapse-sync " SYNC_VERSION);
            return EXIT_SUCCESS;
        case 'm':
            config_print_markdown(stdout);
            return EXIT_SUCCESS;
        default:
            fputs("Try 'synapse-sync --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc)
        command = find_command(argv[optind]);
    if (!command || optind + 1 < argc) {
        (void)error_set(&error, "%s: expected one command, such as run; try 'synapse-sync --help'",
                        argv[command ? optind + 1 : optind]);
        fprintf(stderr, "synapse-sync: %s\n", error.text);
        return EXIT_USAGE;
    }
    return run(command, &sources, &command_options);
}
