#include "base/roff.h"
#include "config/config.h"
#include "config/settings.h"

#include <string.h>

static const char *default_of(const struct setting *setting)
{
    if (setting->required)
        return "required";
    return setting->fallback && *setting->fallback ? setting->fallback : NULL;
}

/* What any text may be needs no words. */
static bool is_any_text(const struct setting *setting)
{
    return setting->type == SETTING_TEXT || setting->type == SETTING_PATH;
}

void config_print_help(FILE *stream)
{
    char expected[EXPECTED_SIZE];

    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        const char *fallback = default_of(setting);

        (void)fprintf(stream, "  %s", setting->name);
        if (fallback)
            (void)fprintf(stream, setting->required ? " (%s)" : " = %s", fallback);
        (void)fprintf(stream, "\n      %s", setting->help);
        if (!is_any_text(setting))
            (void)fprintf(stream, ": %s", setting_expected(setting, expected));
        (void)fputs(".\n", stream);
        if (setting->file_name)
            (void)fprintf(stream, "      A secret: %s may name a file that holds it.\n", setting->file_name);
    }
}

static void print_manual_setting(const struct setting *setting, FILE *stream)
{
    const char *fallback = default_of(setting);
    char expected[EXPECTED_SIZE];

    (void)fprintf(stream, ".TP\n\\fB%s\\fR", setting->name);
    if (fallback)
        (void)fputs(setting->required ? " (" : " = ", stream);
    if (fallback)
        roff_print(stream, fallback);
    (void)fputs(fallback && setting->required ? ")\n" : "\n", stream);
    roff_print(stream, setting->help);
    if (!is_any_text(setting))
        (void)fputs(": ", stream);
    if (!is_any_text(setting))
        roff_print(stream, setting_expected(setting, expected));
    (void)fputs(".\n", stream);
    if (setting->file_name)
        (void)fprintf(stream, "A secret: \\fB%s\\fR may name a file that holds it.\n", setting->file_name);
}

void config_print_manual(FILE *stream)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        print_manual_setting(&settings[i], stream);
}

/* "|" would end the cell, "<" would begin a tag. */
static void print_cell(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (strchr("|<>", *text))
            (void)fputc('\\', stream);
        (void)fputc(*text, stream);
    }
}

void config_print_markdown(FILE *stream)
{
    char expected[EXPECTED_SIZE];

    (void)fprintf(stream, "| name | default | |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        const char *fallback = default_of(setting), *mark = setting->required ? "" : "`";

        (void)fprintf(stream, "| `%s` | %s%s%s | ", setting->name, fallback ? mark : "",
                      fallback ? fallback : "", fallback ? mark : "");
        print_cell(stream, setting->help);
        if (!is_any_text(setting))
            (void)fputs(": ", stream);
        if (!is_any_text(setting))
            print_cell(stream, setting_expected(setting, expected));
        (void)fputs(setting->file_name ? " (secret) |\n" : " |\n", stream);
    }
}
