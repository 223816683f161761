#include "command/check_broker.h"

#include "base/memory.h"

/* The lines on the way in, one after the other. */
enum line { LINE_NAME, LINE_PORT, LINE_TLS, LINE_LOGIN, LINE_VHOST, LINE_QUEUES };

static const char *const line_names[] = {
    [LINE_NAME] = "name",   [LINE_PORT] = "port",   [LINE_TLS] = "TLS",
    [LINE_LOGIN] = "login", [LINE_VHOST] = "vhost", [LINE_QUEUES] = "queues"};

/* Where each trouble stands, and what to do about it. */
static const struct {
    enum line line;
    const char *advice;
} troubles[] = {
    [BROKER_REACHED] = {LINE_QUEUES, NULL},
    [BROKER_NO_NAME] = {LINE_NAME,
                        "correct the host in RABBITMQ_URI, or the name service of this machine (or "
                        "container: its network must be the broker's)"},
    [BROKER_NO_CONNECTION] = {LINE_PORT,
                              "start the broker, let it listen on that address, or correct host and "
                              "port in RABBITMQ_URI (in a container localhost is the container "
                              "itself)"},
    [BROKER_NO_ANSWER] = {LINE_PORT, "see whether a firewall drops the connection, and whether the broker is "
                                     "well: rabbitmq-diagnostics status"},
    [BROKER_BAD_FILES] = {LINE_TLS,
                          "correct RABBITMQ_CA_FILE, RABBITMQ_CERTIFICATE_FILE and RABBITMQ_KEY_FILE "
                          "(or cacertfile, certfile and keyfile in RABBITMQ_URI)"},
    [BROKER_NO_TLS] = {LINE_TLS,
                       "that port does not speak TLS: use the broker's TLS port (5671 as a rule), or "
                       "amqp:// in RABBITMQ_URI if no TLS is wanted"},
    [BROKER_BAD_CERTIFICATE] = {LINE_TLS,
                                "name the authority that signed it in RABBITMQ_CA_FILE, use the "
                                "name that is in the certificate in RABBITMQ_URI, or have it renewed"},
    [BROKER_BAD_TLS] = {LINE_TLS,
                        "the broker must offer TLS 1.2 or later, and may want a certificate of ours: "
                        "RABBITMQ_CERTIFICATE_FILE and RABBITMQ_KEY_FILE"},
    [BROKER_NO_LOGIN] = {LINE_LOGIN,
                         "what is there is no AMQP port, or one with TLS: 5672 is the usual plain "
                         "one, 5671 with amqps:// in RABBITMQ_URI that with TLS, 15672 only the "
                         "web page"},
    [BROKER_LOGIN_REFUSED] = {LINE_LOGIN,
                              "correct user and password in RABBITMQ_URI (characters such as @ : / "
                              "# ? % in them percent-encoded), or set the password: rabbitmqctl "
                              "change_password USER PASSWORD; guest may log in from the broker's "
                              "own machine only"},
    [BROKER_NO_VHOST] = {LINE_VHOST,
                         "correct the vhost behind the last / of RABBITMQ_URI (none: the vhost /; "
                         "%2F: the same), or make it: rabbitmqctl add_vhost NAME"},
    [BROKER_VHOST_FORBIDDEN] = {LINE_VHOST,
                                "give the user rights there: rabbitmqctl set_permissions -p VHOST "
                                "USER '.*' '.*' '.*'"},
    [BROKER_CLOSED] = {LINE_QUEUES, "look into the broker's log, which says why"},
};

static void add_passed(const struct broker_sight *sight, enum line line, bool is_near,
                       struct findings *report)
{
    switch (line) {
    case LINE_NAME:
        findings_add(report, FINDING_OK, line_names[line], "%s is known", sight->host);
        break;
    case LINE_PORT:
        findings_add(report, FINDING_OK, line_names[line], "%s answers on port %u", sight->host, sight->port);
        break;
    case LINE_TLS:
        if (sight->tls && sight->verified)
            findings_add(report, FINDING_OK, line_names[line], "the certificate is accepted");
        else if (sight->tls)
            findings_add(report, FINDING_WARNING, line_names[line], "any certificate is accepted");
        else if (is_near)
            findings_add(report, FINDING_OK, line_names[line], "none, and the broker is on this machine");
        else
            findings_add(report, FINDING_WARNING, line_names[line], "none: the password travels readable");
        if (sight->tls && !sight->verified)
            findings_advise(report, "take verify=verify_none out of RABBITMQ_URI, and set RABBITMQ_CA_FILE");
        else if (!sight->tls && !is_near)
            findings_advise(report,
                            "use amqps:// in RABBITMQ_URI, unless the network in between is yours alone");
        break;
    case LINE_LOGIN:
        findings_add(report, FINDING_OK, line_names[line], "user %s", sight->user);
        break;
    case LINE_VHOST:
        findings_add(report, FINDING_OK, line_names[line], "%s; the broker is of version %u.%u", sight->vhost,
                     sight->version / 100, sight->version % 100);
        break;
    case LINE_QUEUES:
        break;
    }
}

/* ---- the queues ---- */

static const char *const declared_as[] = {
    [BROKER_DURABLE] = "a durable classic queue with priorities",
    [BROKER_QUORUM] = "a quorum queue",
    [BROKER_LEGACY] = "a queue that does not outlive the broker, as producers of old declare it",
    [BROKER_PASSIVE] = NULL,
};

static void advise_rights(const struct broker_sight *sight, struct findings *report)
{
    findings_advise(report, "rabbitmqctl set_permissions -p '%s' %s '.*' '.*' '.*'", sight->vhost,
                    sight->user);
}

static void add_missing(const struct broker_sight *sight, const struct broker_queue_sight *queue,
                        const char *made_as, struct findings *report)
{
    if (!made_as) {
        findings_add(report, FINDING_WARNING, queue->name,
                     "missing; the daemon waits until somebody declares it (RABBITMQ_QUEUE_DECLARE=passive)");
        findings_advise(report, "start the producer, or let RABBITMQ_QUEUE_DECLARE make the queue");
    } else if (queue->configure == BROKER_MAY_NOT) {
        findings_add(report, FINDING_ERROR, queue->name, "missing, and user %s may not declare it",
                     sight->user);
        advise_rights(sight, report);
    } else {
        findings_add(report, FINDING_OK, queue->name, "missing; the daemon will declare it: %s", made_as);
    }
}

static void add_unseen(const struct broker_sight *sight, const struct broker_queue_sight *queue,
                       struct findings *report)
{
    findings_add(report, FINDING_ERROR, queue->name, "%s", queue->problem.text);
    if (queue->state == BROKER_QUEUE_FORBIDDEN)
        advise_rights(sight, report);
    else if (queue->state == BROKER_QUEUE_LOCKED)
        findings_advise(report,
                        "the queue belongs to one connection of somebody else: have the producer declare it "
                        "without \"exclusive\"");
    else
        findings_advise(report, "%s", troubles[BROKER_CLOSED].advice);
}

static void add_kind(const struct broker_queue_sight *queue, struct findings *report)
{
    if (!queue->kind) {
        findings_add(report, FINDING_WARNING, queue->name, "what it promises cannot be seen: %s",
                     queue->problem.text);
        findings_advise(report, "give the user the right to configure the queue, and it can be");
    } else if (queue->loses) {
        findings_add(report, FINDING_WARNING, queue->name, "%s: %s", queue->kind, queue->shortcomings);
        findings_advise(report,
                        "a queue cannot be changed: stop the producer, see it empty, delete it, and declare "
                        "it durable and without limits, in the producer as well");
    } else {
        findings_add(report, FINDING_OK, queue->name, "%s%s%s", queue->kind,
                     queue->shortcomings ? "; but " : "", queue->shortcomings ? queue->shortcomings : "");
    }
}

static void add_consumers(const struct broker_sight *sight, const struct broker_queue_sight *queue,
                          struct findings *report)
{
    if (queue->read == BROKER_MAY_NOT) {
        findings_add(report, FINDING_ERROR, queue->name, "user %s may not read it", sight->user);
        advise_rights(sight, report);
    }
    if (queue->consumers > 1) {
        findings_add(report, FINDING_WARNING, queue->name, "%u consumers take messages from it",
                     queue->consumers);
        findings_advise(report,
                        "only synapse-sync should: the others take messages away from it (rabbitmqctl "
                        "list_consumers tells who they are)");
    } else {
        findings_add(report, FINDING_OK, queue->name, "%u waiting, %s", queue->messages,
                     queue->consumers ? "one consumer: synapse-sync, if it runs" : "no consumer");
    }
}

static void add_queue(const struct broker_sight *sight, const struct check_broker_terms *terms,
                      struct findings *report)
{
    const struct broker_queue_sight *queue = &sight->queues[BROKER_QUEUE];

    if (queue->state == BROKER_QUEUE_MISSING) {
        add_missing(sight, queue, declared_as[terms->declare], report);
    } else if (queue->state != BROKER_QUEUE_FOUND) {
        add_unseen(sight, queue, report);
    } else {
        add_kind(queue, report);
        add_consumers(sight, queue, report);
    }
}

static void add_dead_letters(const struct broker_sight *sight, struct findings *report)
{
    const struct broker_queue_sight *queue = &sight->queues[BROKER_DEAD_LETTERS];

    if (queue->state == BROKER_QUEUE_MISSING) {
        add_missing(sight, queue, "a durable queue", report);
    } else if (queue->state != BROKER_QUEUE_FOUND) {
        add_unseen(sight, queue, report);
    } else {
        add_kind(queue, report);
        findings_add(report, queue->messages ? FINDING_WARNING : FINDING_OK, queue->name,
                     "%u dead letter%s waiting", queue->messages, queue->messages == 1 ? "" : "s");
        if (queue->messages)
            findings_advise(report, "synapse-sync dlq list tells why each was rejected; when that is mended, "
                                    "synapse-sync dlq retry sends them again");
    }
    if (sight->publish == BROKER_MAY_NOT) {
        findings_add(report, FINDING_ERROR, queue->name, "user %s may not write to the default exchange",
                     sight->user);
        advise_rights(sight, report);
    }
}

/* Nothing is said where the broker counts, or would once the queue is there. */
static void add_tries(const struct broker_sight *sight, const struct check_broker_terms *terms,
                      struct findings *report)
{
    const struct broker_queue_sight *queue = &sight->queues[BROKER_TRIES];
    const struct broker_queue_sight *counted = &sight->queues[BROKER_QUEUE];

    if (counted->counts || (counted->state == BROKER_QUEUE_MISSING && terms->declare == BROKER_QUORUM))
        return;
    if (queue->configure == BROKER_MAY_NOT || queue->read == BROKER_MAY_NOT) {
        findings_add(report, FINDING_WARNING, queue->name,
                     "user %s may not make or read it: a message that ends the daemon each time is not "
                     "counted there, and never set aside",
                     sight->user);
        advise_rights(sight, report);
    } else if (queue->configure == BROKER_MAY) {
        findings_add(report, FINDING_OK, queue->name,
                     "made when a message has to be counted, and kept for a day");
    }
}

void check_broker(const struct broker_sight *sight, const struct check_broker_terms *terms,
                  struct findings *report)
{
    enum line last = troubles[sight->trouble].line;

    for (enum line line = LINE_NAME; line < last; line++)
        add_passed(sight, line, terms->is_near, report);
    if (sight->trouble == BROKER_REACHED) {
        add_queue(sight, terms, report);
        add_dead_letters(sight, report);
        add_tries(sight, terms, report);
        return;
    }
    findings_add(report, FINDING_ERROR, line_names[last], "%s", sight->problem.text);
    findings_advise(report, "%s", troubles[sight->trouble].advice);
}
