#include "command/usage.h"

#include "base/roff.h"
#include "config/config.h"

enum { COLUMN = 24 };

/* ---- for a terminal ---- */

static void print_row(const struct usage_row *row, FILE *stream)
{
    int width = fprintf(stream, "  %s %s", row->name, row->arguments);

    if (width >= COLUMN) {
        (void)fputc('\n', stream);
        width = 0;
    }
    (void)fprintf(stream, "%*s %s\n", COLUMN - width, "", row->help);
}

static void print_rows(const struct usage_row *rows, FILE *stream)
{
    for (; rows->name; rows++)
        print_row(rows, stream);
}

void usage_print_help(const struct usage *usage, FILE *stream)
{
    (void)fputs("Usage: synapse-sync [OPTION]... [COMMAND [ARGUMENT]...]\n"
                "Keeps a Matrix Synapse homeserver in line with requests from a RabbitMQ queue.\n"
                "\nCommands:\n",
                stream);
    print_rows(usage->commands, stream);
    (void)fputs("\nOptions:\n", stream);
    print_rows(usage->options, stream);
    (void)fputs("\nExit status: 0 fine, 1 something is wrong, 2 wrong command line, 78 wrong configuration.\n"
                "\nSettings (environment, .env in the working directory, or YAML):\n",
                stream);
    config_print_help(stream);
}

/* ---- a page of the manual ---- */

static const char manual_beginning[] =
    ".TH SYNAPSE\\-SYNC 1 \"\" \"synapse\\-sync " SYNC_VERSION "\" \"User Commands\"\n"
    ".SH NAME\n"
    "synapse\\-sync \\- keeps a Matrix Synapse homeserver in line with a school platform\n"
    ".SH SYNOPSIS\n"
    ".B synapse\\-sync\n"
    "[\\fIOPTION\\fR]... [\\fICOMMAND\\fR [\\fIARGUMENT\\fR]...]\n"
    ".SH DESCRIPTION\n"
    "The daemon takes requests from a RabbitMQ queue, and makes users, rooms, memberships and power levels "
    "of a\n"
    "Synapse homeserver match them. The other commands look at it, or do by hand what it does.\n"
    "All of them read the same settings.\n";

static const char manual_settings[] = ".SH SETTINGS\n"
                                      "The first source that has a value wins: \\fB\\-\\-set\\fR, the "
                                      "environment, systemd's credentials, a file\n"
                                      "\\fI.env\\fR in the working directory, a YAML file. In YAML the names "
                                      "nest: SYNC__ERASE is ERASE below SYNC.\n"
                                      "An empty value is the same as none.\n";

static const char manual_end[] =
    ".SH FILES\n"
    ".TP\n"
    ".I /etc/synapse\\-sync/default.yaml\n"
    "Settings as YAML, unless \\fB\\-\\-config\\fR names another file or there is a "
    "\\fIconfig/default.yaml\\fR below the\n"
    "working directory. A program with a prefix of its own looks in \\fIetc/synapse\\-sync\\fR below that.\n"
    ".TP\n"
    ".I /etc/synapse\\-sync/synapse\\-sync.env\n"
    "The environment of the service, one NAME=VALUE a line.\n"
    ".SH EXIT STATUS\n"
    "0: fine. 1: something is wrong. 2: wrong command line. 78: wrong configuration.\n"
    ".SH SIGNALS\n"
    ".TP\n"
    ".B SIGTERM, SIGINT\n"
    "The daemon takes no more messages, finishes those under way, and ends; the second one ends it at once.\n"
    ".TP\n"
    ".B SIGHUP\n"
    "It reads the configuration again.\n"
    ".TP\n"
    ".B SIGUSR1\n"
    "It writes to the log what each message waits for.\n"
    ".SH SEE ALSO\n"
    "The documents in \\fI/usr/share/doc/synapse\\-sync\\fR,\n"
    ".BR systemctl (1),\n"
    ".BR systemd.exec (5)\n";

static void print_manual_rows(const char *title, const struct usage_row *rows, FILE *stream)
{
    (void)fprintf(stream, ".SH %s\n", title);
    for (; rows->name; rows++) {
        const char *name = rows->name;

        while (*name == ' ') /* where --help lines up what has no letter */
            name++;
        (void)fputs(".TP\n\\fB", stream);
        roff_print(stream, name);
        (void)fputs("\\fR ", stream);
        roff_print(stream, rows->arguments);
        (void)fputc('\n', stream);
        roff_print(stream, rows->help);
        (void)fputs(".\n", stream);
    }
}

void usage_print_manual(const struct usage *usage, FILE *stream)
{
    (void)fputs(manual_beginning, stream);
    print_manual_rows("COMMANDS", usage->commands, stream);
    print_manual_rows("OPTIONS", usage->options, stream);
    (void)fputs(manual_settings, stream);
    config_print_manual(stream);
    (void)fputs(manual_end, stream);
}
