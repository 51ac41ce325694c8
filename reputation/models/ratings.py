"""What the parties of a finished order say of it. Nothing is ever deleted (E-Commerce Law, article 39)."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from orders.models import Order
from shops.models import Shop


class Rating(models.Model):
    """The buyer's word on a finished order, and the shop's reply to it: each once, neither changed nor removed."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="rating")
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="ratings")
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="ratings")
    stars = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    text = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    reply = models.CharField(max_length=500, blank=True)
    replied_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    replied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="reputation_rating_stars"),
            models.CheckConstraint(
                condition=Q(reply="", replied_by=None, replied_at=None)
                | ~Q(reply="") & Q(replied_by__isnull=False, replied_at__isnull=False),
                name="reputation_rating_reply",
            ),
        ]
        indexes = [models.Index(fields=["shop", "-id"], name="reputation_rating_of_shop")]
