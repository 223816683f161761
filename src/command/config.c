#include "command/command.h"

#include "command/init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int command_config(const struct config *config, const struct command_options *options)
{
    if (options->init)
        return init_run(options);
    if (config_list(config, options->json, stdout))
        return EXIT_SUCCESS;
    fprintf(stderr, "synapse-sync: standard output: %s\n", strerror(errno));
    return EXIT_FAILURE;
}
