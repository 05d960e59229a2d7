"""Kafka, emulated.

wire/        sans-IO: message schemas as data, codecs compiled from them, record batches, compression
session      one client's connection: frames in, responses out, in order
handlers/    one module per API, named by its key; the table of APIs and versions
emulator     the cluster: nodes, topics, steps, timers; the contract with the kernel
topics       topics, partitions, leaders; log and producers: one partition's log
fetching     long polls and fetch sessions
groups/      classic, KIP-848 and share groups, offsets
transactions the transaction coordinator
configs      settings of topics, brokers and groups
security     ACLs and users; sasl, tls: how clients come in
faults       declarative faults on single entities
state        snapshot, restore, export; inspect: the dump; control: changes from inside
client       a small synchronous client over the socket
"""
