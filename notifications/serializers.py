"""What the API takes and gives about the inbox. Times are UTC, amounts integer fen."""

from typing import Any

from rest_framework import serializers

from notifications.models import Group, Mailing, Notification
from notifications.official import code_of
from notifications.sentences import sentence


class Notice(serializers.Serializer[Notification]):
    """One line of the inbox."""

    id = serializers.IntegerField()
    code = serializers.CharField(help_text="Which sentence it is; stable, for machines.")
    sentence = serializers.SerializerMethodField(help_text="What happened, in the language of the request.")
    words = serializers.DictField(help_text="What the sentence names: `number`, `order`, `shop`, `amount`.")
    url = serializers.CharField(help_text="The page of the thing, within the mall; may be empty.")
    at = serializers.DateTimeField(help_text="When it happened.")
    read_at = serializers.DateTimeField(allow_null=True, help_text="When it was opened first; nothing while unread.")

    official_code = serializers.SerializerMethodField(help_text="Under which anybody can check that we wrote it.")

    def get_official_code(self, notice: Notification) -> str:
        """The code that also stands in the mail."""
        return code_of(notice)

    def get_sentence(self, notice: Notification) -> str:
        """The sentence in the language of the moment."""
        return sentence(notice.code, notice.words)


class NoticePage(serializers.Serializer[Any]):
    """A page of the inbox."""

    results = Notice(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, if there is one.")


class ReadUpTo(serializers.Serializer[Any]):
    """How far the inbox was seen."""

    up_to = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="The id of the newest notice that was seen; later ones stay unread."
    )


class Unread(serializers.Serializer[Any]):
    """What is left."""

    unread = serializers.IntegerField(help_text="How many notices wait to be read; 100 stands for more than 99.")


class Choices(serializers.Serializer[Any]):
    """How much of each group is mailed."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """One choice for each group."""
        return {
            group.value: serializers.ChoiceField(Mailing.choices, required=False, help_text=str(group.label))
            for group in Group
        }
