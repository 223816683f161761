#ifndef SYNC_BROKER_RABBITMQ_C_H
#define SYNC_BROKER_RABBITMQ_C_H

/* The headers of the C client for RabbitMQ, which have other names since its version 0.12; the old ones warn.
 */
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#endif
