"""Who can do what to our Amazon WorkMail organizations, under which conditions, and why?"""
