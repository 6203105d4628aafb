"""What every paid service needs: pace, retries, a breaker, a budget."""
