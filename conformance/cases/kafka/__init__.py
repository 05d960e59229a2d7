"""Kafka's cases. They are Python data because a step may use what an earlier answer held, as a member's id."""
