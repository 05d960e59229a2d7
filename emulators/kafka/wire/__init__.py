"""Kafka's wire protocol, sans-IO: schemas as data, codecs compiled from them, frames, record batches."""
