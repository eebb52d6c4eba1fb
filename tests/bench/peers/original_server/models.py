"""Rooms, people and messages, in PostgreSQL."""

# ruff: noqa: DJ008 - nobody lists these in an administration

from __future__ import annotations

import uuid

from django.db import models


class Room(models.Model):
    """What people join."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)


class Person(models.Model):
    """Somebody for the time of a visit."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    username = models.CharField(max_length=100)
    color = models.CharField(max_length=7)
    created_at = models.DateTimeField(auto_now_add=True)


class Message(models.Model):
    """Something that a person said in a room."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    content = models.TextField()
    message_type = models.CharField(max_length=20, default="text")
    timestamp = models.DateTimeField(auto_now_add=True)
